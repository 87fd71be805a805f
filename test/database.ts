import { randomBytes } from 'node:crypto'
import { inject } from 'vitest'
import { restrict, withClient } from '../tools/create-database.ts'

export type TestDatabase = { ownerUrl: string; appUrl: string; adminUrl: string; name: string }

/** A database of one's own, a copy of the migrated template. The suite drops it at its end. */
export async function createTestDatabase(): Promise<TestDatabase> {
  const { adminUrl, ownerUrl, appUrl, template } = inject('postgres')
  const name = template.replace('template', randomBytes(6).toString('hex'))
  await withClient(adminUrl, async (admin) => {
    await admin.query(`CREATE DATABASE ${name} TEMPLATE ${template} OWNER seaworthy_owner`)
    await restrict(admin, name)
  })
  const renamed = (url: string) => url.replace(template, name)
  return {
    name,
    ownerUrl: renamed(ownerUrl),
    appUrl: renamed(appUrl),
    adminUrl: adminUrl.replace(/\/postgres$/, `/${name}`),
  }
}
