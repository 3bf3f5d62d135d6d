module.exports = {
  'users-permissions': {
    config: { jwtSecret: 'the-benchmark-has-no-secrets', ratelimit: { enabled: false } },
  },
};
