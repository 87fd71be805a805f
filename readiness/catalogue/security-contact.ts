import { type Control, control, removed, source } from '../control.ts'
import { flawsCanBeReported, ownContact, tellsWhereToReport } from '../probes/security-contact.ts'

const plugin = 'src/plugins/security-txt.ts'

export const securityContact: Control[] = [
  control({
    id: 'SEC-38',
    level: 'must',
    holds:
      'The service tells at /.well-known/security.txt, by the rules of RFC 9116, where a flaw is reported in private, with an end that moves on before it comes; it does not start without a contact, nor in production with that of an example or of a host that cannot be; SECURITY.md says how to report, and what to expect.',
    because:
      'People who find a flaw and nobody to tell publish it, sell it, or let it be; files that ran out years ago lead to mailboxes that nobody reads.',
    code: [plugin, 'src/environment.contact.schemas.ts', 'src/environment.rules.ts', 'SECURITY.md'],
    runbook: 'docs/runbooks/edge.md#nobody-can-report-a-flaw',
    needs: ['api'],
    own: ownContact,
    probe: flawsCanBeReported,
    look: tellsWhereToReport,
    sabotages: [
      removed('src/app.ts', '  await app.register(securityTxt, { ...config.reports, publicUrl: config.publicUrl })', {
        red: 'no-security-txt',
      }),
      source('it ran out', plugin, 'goodForDays = 90', 'goodForDays = -30', { red: 'expired' }),
      source('it is served as a page', plugin, "'text/plain; charset=utf-8'", "'text/html; charset=utf-8'", {
        red: 'not-plain-text',
      }),
      source(
        'the contact gets lost on its way',
        'src/config.arrange.ts',
        'contacts: wordsOf(v.SECURITY_CONTACT)',
        "contacts: wordsOf('')",
        { red: 'no-contact' },
      ),
      source(
        'the contact of a document is taken',
        'src/environment.contact.schemas.ts',
        'wordsOf(contacts).some(',
        'wordsOf(contacts).slice(1).some(',
        { red: 'contact-of-an-example-taken' },
      ),
      source('readers of the code find no way', 'SECURITY.md', '## Reporting\n', '## Thanks\n', {
        red: 'no-private-way',
      }),
    ],
  }),
]
