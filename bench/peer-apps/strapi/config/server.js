module.exports = () => ({
  host: process.env.HOST,
  port: Number(process.env.PORT),
  app: { keys: ['the-benchmark-has-no-secrets'] },
  logger: { updates: { enabled: false }, startup: { enabled: false } },
});
