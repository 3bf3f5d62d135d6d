// As Strapi ships for SQLite, but in WAL mode and with synchronous=NORMAL, as the other peers.
module.exports = () => ({
  connection: {
    client: 'sqlite',
    connection: { filename: process.env.DATABASE },
    useNullAsDefault: true,
    pool: {
      min: 1,
      max: 1,
      afterCreate(connection, done) {
        connection.pragma('journal_mode = WAL');
        connection.pragma('synchronous = NORMAL');
        done();
      },
    },
  },
});
