// Link door: `npm run link-identity -- SUBJECT EMAIL` lets the tokens that EXTERNAL_ISSUER gives SUBJECT speak for the user of that
// address, and `-- SUBJECT` alone takes that back. For operators: it needs the login of the owner.
import process from 'node:process'
import { ConfigError, loadLinkConfig } from './config.ts'
import { openDatabase } from './db/client.ts'
import { open } from './door.ts'
import { AppError } from './lib/errors.ts'
import { linkSubject, unlinkSubject } from './modules/identity/external-identities.repository.ts'
import { findUserByEmail } from './modules/identity/identity.repository.ts'

const [subject, email, ...more] = process.argv.slice(2)
const waits = { connectTimeout: 5000, statementTimeout: 5000, lockTimeout: 2000, idleTransactionTimeout: 5000 }

await open(async () => {
  if (!subject || more.length > 0) throw new ConfigError(['Say the subject and the e-mail address of the user'])
  const { ownerUrl, issuer } = loadLinkConfig()
  if (!issuer) throw new ConfigError(['EXTERNAL_ISSUER is missing: there is no other issuer to link a subject of'])
  const options = { ...waits, url: ownerUrl, poolMax: 1, connectionLifetime: 60_000 }
  const { db, close } = openDatabase(options, () => {})
  try {
    if (!email) {
      const unlinked = await unlinkSubject(db, issuer, subject)
      console.log(unlinked ? `${subject} is nobody here now.` : `${subject} was nobody here.`)
      return
    }
    const user = await findUserByEmail(db, email.toLowerCase())
    if (!user) throw new Error('No user has this e-mail address')
    if (!(await linkSubject(db, issuer, subject, user.id)))
      throw new Error(`${subject} is linked already: take that back first`)
    console.log(`${subject} of ${issuer} is the user ${user.id}.`)
  } catch (error) {
    if (!(error instanceof AppError && error.code === 'DATABASE_UNAVAILABLE')) throw error
    const { host, pathname } = new URL(ownerUrl)
    const { message } = error.cause as Error
    throw new Error(
      `PostgreSQL at ${host}${pathname} lets nobody in (${message}). Is it running, and is DATABASE_OWNER_URL right?`,
      { cause: error },
    )
  } finally {
    await close()
  }
})
