/**
 * Downloads for operations: safe outbound requests, resume, limits, and a content-addressed store.
 *
 * @module trestle/downloads
 */

export { Artifacts, digestOf, type PartialFile, type PartialNote } from './jobs/downloads/artifacts.ts';
export { DOWNLOAD_LIMITS, type Download, type DownloadLimits, download } from './jobs/downloads/download.ts';
