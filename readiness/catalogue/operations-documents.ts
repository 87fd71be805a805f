import { control, source } from '../control.ts'
import { documentsCanBeFollowed } from '../probes/operations-documents.ts'

/** In the list of operations. */
export const documents = control({
  id: 'OPS-12',
  level: 'must',
  holds:
    'Quick start, architecture, API, configuration, deployment, operations, troubleshooting and decisions are there and found from the README; links and anchors lead somewhere; the scripts and options that they print exist; the page of settings is what the schemas say; and the first calls of the README work as they are printed. A test holds every other command to what runs it.',
  because:
    'The first command that fails is where most people who clone a template leave it, and a setting that was renamed without its page is set wrongly in production.',
  code: [
    'README.md',
    'docs/operations.md',
    'docs/troubleshooting.md',
    'tools/configuration-document.ts',
    'tools/documents.ts',
  ],
  runbook: 'docs/runbooks/readiness.md#a-document-is-wrong',
  needs: ['api', 'database'],
  own: {},
  lacks:
    'Commands for Docker, Fly.io, GitHub and a new Debian machine say so in their fence, and are not run by this probe: those of Docker are by the tier docker.',
  probe: documentsCanBeFollowed,
  sabotages: [
    source('a script is renamed', 'package.json', '"demo": "node', '"journey": "node', { red: 'no-such-command' }),
    source('a program is moved', 'package.json', 'node tools/demo.ts', 'node tools/journeys/demo.ts', {
      red: 'no-such-command',
    }),
    source('an option is renamed', 'readiness/runner/options.ts', '  minutes: {', '  limit: {', {
      red: 'command-refused',
    }),
    source('a field of the call is renamed', 'README.md', '"budget":{"amount":45000', '"price":{"amount":45000', {
      red: 'first-call-fails',
    }),
    source('a link is dead', 'docs/operations.md', 'runbooks/queues.md#dead-letters', 'runbooks/queues.md#dead-mail', {
      red: 'dead-link',
    }),
    source(
      'nobody is led to a page',
      'README.md',
      '[docs/troubleshooting.md](docs/troubleshooting.md)',
      'docs/troubleshooting.md',
      { red: 'page-left-out' },
    ),
    source('a default changes', 'src/environment.telemetry.schemas.ts', "default: 'info'", "default: 'debug'", {
      red: 'settings-are-stale',
    }),
  ],
})
