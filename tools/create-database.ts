// Makes a database with the two logins of docs/decisions/0019: an owner for migrations, and one for the service that owns nothing.
import pg from 'pg'

const owner = 'seaworthy_owner'
const service = 'seaworthy_service'

type Options = { adminUrl: string; name: string; passwords: { owner: string; app: string } }
export type DatabaseUrls = { ownerUrl: string; appUrl: string }

/** Creates what is missing, and sets the passwords. Answers the URLs of both logins. `adminUrl` belongs to a superuser. */
export async function createDatabase({ adminUrl, name, passwords }: Options): Promise<DatabaseUrls> {
  await withClient(adminUrl, async (admin) => {
    await createRole(admin, 'seaworthy_app', 'NOLOGIN')
    await createRole(admin, owner, `LOGIN PASSWORD ${pg.escapeLiteral(passwords.owner)}`)
    await createRole(admin, service, `LOGIN PASSWORD ${pg.escapeLiteral(passwords.app)} IN ROLE seaworthy_app`)
    const { rowCount } = await admin.query('SELECT FROM pg_database WHERE datname = $1', [name])
    if (!rowCount) await admin.query(`CREATE DATABASE ${pg.escapeIdentifier(name)} OWNER ${pg.escapeIdentifier(owner)}`)
    await restrict(admin, name)
  })
  return {
    ownerUrl: urlOf(adminUrl, name, owner, passwords.owner),
    appUrl: urlOf(adminUrl, name, service, passwords.app),
  }
}

/** Takes from everyone what PostgreSQL gives by default, temporary tables among it. A copy of a database needs it again. */
export async function restrict(admin: pg.Client, name: string): Promise<void> {
  await admin.query(`REVOKE ALL ON DATABASE ${pg.escapeIdentifier(name)} FROM PUBLIC`)
  await admin.query(`GRANT CONNECT ON DATABASE ${pg.escapeIdentifier(name)} TO seaworthy_app`)
}

export async function withClient<T>(url: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 5000 })
  await client.connect()
  try {
    return await work(client)
  } finally {
    await client.end()
  }
}

function urlOf(base: string, database: string, user: string, password: string): string {
  const url = new URL(base)
  url.pathname = `/${database}`
  url.username = user
  url.password = password
  return url.href
}

async function createRole(admin: pg.Client, role: string, options: string): Promise<void> {
  const { rowCount } = await admin.query('SELECT FROM pg_roles WHERE rolname = $1', [role])
  const verb = rowCount ? 'ALTER' : 'CREATE'
  const settings = rowCount ? options.replace(/ IN ROLE .*/, '') : options
  await admin.query(`${verb} ROLE ${pg.escapeIdentifier(role)} ${settings}`)
}
