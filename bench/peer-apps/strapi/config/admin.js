module.exports = () => ({
  serveAdminPanel: false,
  auth: { secret: 'the-benchmark-has-no-secrets' },
  apiToken: { salt: 'the-benchmark-has-no-secrets' },
  transfer: { token: { salt: 'the-benchmark-has-no-secrets' } },
  secrets: { encryptionKey: '0123456789abcdef0123456789abcdef' },
  flags: { nps: false, promoteEE: false },
});
