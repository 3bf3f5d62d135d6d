// The first start lets the public read messages, makes a user, and writes an API token into TOKEN_FILE.
const { writeFileSync } = require('node:fs');

const { TOKEN_FILE, EMAIL, PASSWORD } = process.env;

async function bootstrap({ strapi }) {
  if (!TOKEN_FILE) return;
  const roleOf = (type) => strapi.db.query('plugin::users-permissions.role').findOne({ where: { type } });
  const { id: role } = await roleOf('public');
  for (const verb of ['find', 'findOne'])
    await strapi.db
      .query('plugin::users-permissions.permission')
      .create({ data: { action: `api::message.message.${verb}`, role } });
  const { id } = await roleOf('authenticated');
  await strapi.plugin('users-permissions').service('user').add({
    username: 'reader',
    email: EMAIL,
    password: PASSWORD,
    provider: 'local',
    confirmed: true,
    role: id,
  });
  const token = { name: 'bench', type: 'full-access', lifespan: null, description: '' };
  const { accessKey } = await strapi.service('admin::api-token').create(token);
  writeFileSync(TOKEN_FILE, accessKey);
}

module.exports = { bootstrap };
