/** What operations download with: safe outbound requests, resume, limits, and a content-addressed store. */
export { Artifacts, digestOf } from './operations/artifacts.ts';
export { DOWNLOAD_LIMITS, type Download, type DownloadLimits, download } from './operations/download.ts';
