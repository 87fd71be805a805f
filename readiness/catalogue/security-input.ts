import { type Control, config, control, removed, source, sources } from '../control.ts'
import { payloadsStayText } from '../probes/security-inert.ts'
import { onlyWhatSchemasAllow, urlsAreHeldAgainstSchemas } from '../probes/security-input.ts'

export const securityInput: Control[] = [
  control({
    id: 'SEC-25',
    level: 'must',
    holds:
      'Every route holds body, query, path and fields against its schema, and takes none where it declares none: what is unknown or of another type is 400, other media are 415, over-size bodies are 413, over-long URLs 414, over-large headers 431, and answers carry no member that their schema lacks.',
    because:
      'A member that nobody expected makes its sender an admin (mass assignment), and a row that is answered as it is gives its password hash away.',
    code: ['src/plugins/validation.ts', 'src/plugins/url-limit.ts', 'src/lib/schemas.ts', 'src/app.ts'],
    runbook: 'docs/runbooks/identity.md#input-gets-through-that-no-schema-allows',
    needs: ['api'],
    probe: onlyWhatSchemasAllow,
    look: urlsAreHeldAgainstSchemas,
    sabotages: [
      removed('src/app.ts', '  await app.register(validation)', { red: 'undeclared-body-taken' }),
      removed('src/app.ts', '  await app.register(urlLimit)', { red: 'long-url-taken' }),
      source(
        'schemas allow members that they do not have',
        'src/lib/schemas.ts',
        'Type.Object(properties, { additionalProperties: false',
        'Type.Object(properties, { additionalProperties: true',
        { red: 'unknown-member-taken' },
      ),
      source(
        'bodies are read as leniently as URLs',
        'src/plugins/validation.ts',
        "(httpPart === 'body' ? strict : fromText)",
        "(httpPart === 'body' ? fromText : fromText)",
        { red: 'wrong-type-taken' },
      ),
      source('a route without a query ignores one', 'src/plugins/validation.ts', '  querystring: NoQuery,\n', '', {
        red: 'unknown-parameter-taken',
      }),
      source('a write without a body ignores one', 'src/plugins/validation.ts', '{ body: NoBody }', '{}', {
        red: 'undeclared-body-taken',
      }),
      source(
        'a read ignores a body',
        'src/plugins/validation.ts',
        'if (bodiless(method) && hasBody(headers)',
        'if (bodiless(method) && !method',
        { red: 'undeclared-body-taken' },
      ),
      source(
        'plain text is taken',
        'src/plugins/validation.ts',
        "    app.removeContentTypeParser('text/plain')\n",
        '',
        { red: 'other-media-taken' },
      ),
      source(
        'one list takes parameters that it does not have',
        'src/modules/contracts/contracts.schemas.ts',
        'Strict(PageQuery)',
        'Strict(PageQuery, { additionalProperties: true })',
        { red: 'unknown-parameter-taken' },
      ),
      config('bodies of ten megabytes are read', { BODY_LIMIT_BYTES: '10485760' }, { red: 'large-body-taken' }),
      source('headers of a megabyte are read', 'src/app.ts', 'maxHeaderSize: 16_384', 'maxHeaderSize: 1_048_576', {
        red: 'large-headers-taken',
      }),
      sources(
        'an account is answered as it is stored',
        [
          {
            file: 'src/modules/identity/identity.service.ts',
            find: 'toUser({ id, email, name, role, version, createdAt, updatedAt }: UserRow): User {\n  return { id, email, name, role, version, createdAt, updatedAt }',
            replace: 'toUser(row: UserRow): User {\n  return row',
          },
          {
            file: 'src/modules/identity/identity.schemas.ts',
            find: "{ title: 'User', description: 'An account' }",
            replace: "{ title: 'User', description: 'An account', additionalProperties: true }",
          },
        ],
        { red: 'answer-has-unknown-member' },
      ),
    ],
  }),

  control({
    id: 'SEC-26',
    level: 'must',
    holds:
      'SQL and markup in any text, of bodies, searches, paths and keys, are stored, found, answered as JSON and mailed as the text that they are.',
    because:
      'One query that is put together from text reads the whole database for a stranger; one text shown as HTML acts for its reader.',
    code: ['src/db/client.ts', 'src/modules/jobs/jobs.repository.ts', 'src/plugins/problems.ts', 'src/lib/mailer.ts'],
    runbook: 'docs/runbooks/identity.md#injected-sql-or-markup',
    needs: ['api', 'worker', 'mail', 'database'],
    probe: payloadsStayText,
    sabotages: [
      source(
        'the search is put together from text',
        'src/modules/jobs/jobs.repository.ts',
        'query.q})`',
        'sql.raw("\'" + query.q + "\'")})`',
        { red: 'search-widened' },
      ),
      source(
        'titles are escaped on their way in',
        'src/modules/jobs/jobs.service.ts',
        '        ...job,\n        skills,',
        "        ...job,\n        title: job.title.replaceAll('<', '&lt;'),\n        skills,",
        { red: 'text-changed' },
      ),
      source(
        'problems are answered as a page',
        'src/plugins/problems.ts',
        ".type('application/problem+json')",
        ".type('text/html')\n    .serializer(JSON.stringify)",
        { red: 'markup-as-html' },
      ),
      source(
        'mails are HTML',
        'src/lib/mailer.ts',
        'sendMail({ ...mail, from',
        'sendMail({ ...mail, html: mail.text, from',
        { red: 'mail-has-markup' },
      ),
    ],
  }),
]
