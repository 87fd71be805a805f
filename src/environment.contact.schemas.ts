// The variables of where a flaw is reported, which /.well-known/security.txt tells (RFC 9116).
import { Type } from 'typebox'
import { wordsOf } from './environment.edge.schemas.ts'
import { url } from './environment.kit.schemas.ts'

/** What section 2.5.3 takes: a page that nobody can read along, a mailbox, or a number to call. */
const isContact = (word: string) =>
  (word.startsWith('https://') && URL.canParse(word)) ||
  /^mailto:[^@<>?,]+@[a-z0-9-]+(\.[a-z0-9-]+)+$/i.test(word) ||
  /^tel:\+[0-9-]{5,20}$/.test(word)

export const contact = {
  SECURITY_CONTACT: Type.Refine(
    Type.String({
      pattern: '^[!-~ ]{1,1000}$',
      should: 'where flaws are reported, such as mailto:security@your-domain or an https:// page, separated by commas',
      description: 'Where flaws are reported in private: mailto:, https:// or tel: addresses, the preferred one first',
    }),
    (text) => wordsOf(text).length > 0 && wordsOf(text).every(isContact),
  ),
  SECURITY_POLICY_URL: Type.Optional(
    url('https', 'Page that says what whoever reports a flaw can expect; security.txt names none where unset'),
  ),
}

/** Of a contact that was copied from a document (RFC 2606): nobody reads what is sent there. */
export const isOfAnExample = (contacts: string) => hasHost(contacts, /(^|\.)example(\.(com|net|org))?$/i)

/** Of a contact that was made up, such as by scripts/make-secrets: nothing can be sent there. */
export const leadsNowhere = (contacts: string) => hasHost(contacts, /(^|\.)invalid$/i)

const hasHost = (contacts: string, pattern: RegExp) => wordsOf(contacts).some((word) => pattern.test(hostOf(word)))

const hostOf = (word: string) => URL.parse(word)?.hostname || word.replace(/^.*@/, '')
