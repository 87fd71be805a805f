// Link door: `npm run link-identity -- SUBJECT EMAIL` lets the tokens that EXTERNAL_ISSUER gives SUBJECT speak for the user of that
// address, and `-- SUBJECT` alone takes that back. For operators: it needs the login of the owner.
import process from 'node:process'
import { ConfigError, loadLinkConfig } from './config.ts'
import { openDatabase } from './db/client.ts'
import { open } from './door.ts'
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
  } finally {
    await close()
  }
})
