module.exports = { rest: { defaultLimit: 30, maxLimit: 200, withCount: true } };
