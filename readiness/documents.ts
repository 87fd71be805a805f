// Writes docs/readiness-review.md and docs/launch-checklist.md: `node readiness/documents.ts [--check]`. With --check it writes nothing,
// and exits with 1 when a file says something else than the catalogue.
import { readFile, writeFile } from 'node:fs/promises'
import { join, relative, resolve } from 'node:path'
import process from 'node:process'
import { type AreaCode, areas, type Control } from './control.ts'
import { launch } from './launch.ts'
import { roles } from './report/report.schemas.ts'
import { type Home, type Listed, openHome } from './runner/home.ts'

const root = resolve(import.meta.dirname, '..')

/** Who looks at which areas before they sign. */
const looks: Record<(typeof roles)[number], AreaCode[]> = {
  security: ['SEC'],
  infrastructure: ['SCA', 'DRY', 'OPS'],
  engineering: ['API', 'REL', 'DAT', 'QUE'],
  qa: ['PER', 'RDY'],
  product: ['API', 'OBS'],
  management: ['OPS', 'RDY'],
}

const made = 'Made by `npm run readiness:documents`; a change belongs into `readiness/`.'

function renderReview({ catalogue, list }: Home): string {
  const byId = new Map(catalogue.map((control) => [control.id, control]))
  return `# Readiness review

${made} How the runner works: [readiness.md](readiness.md).

## The meeting

1. On the commit to launch, on a machine with Docker: \`npm run readiness -- --sabotage --tier all\`.
2. Open \`readiness-report/index.html\`. Read from the top: failing musts, sabotages that were not caught, what is not verified and why.
3. Each role looks at its areas, then signs that very report:

| role | looks at | signs by |
|---|---|---|
${roles.map((role) => `| ${role} | ${looks[role].map((code) => areas[code]).join(', ')} | \`npm run readiness -- --sign-off "NAME" --role ${role}\` |`).join('\n')}

4. It is GO when every must is verified or waived and all six have signed the same digest of the same commit. Another run is another
   digest: sign last. Commit \`readiness/sign-offs/\`.
5. What is not verified and goes live all the same is a waiver in \`readiness/waivers.json\`, with another approver than its owner and an
   end within 90 days; what may go wrong is a risk in \`readiness/risks.json\`, with an owner.

## The controls

${catalogue.length} of ${list.length} controls have a probe. The others are missing, and count as not held.

${Object.entries(areas)
  .map(([code, name]) =>
    renderArea(
      name,
      list.filter(({ id }) => id.startsWith(code)),
      byId,
    ),
  )
  .join('\n\n')}
`
}

function renderArea(name: string, listed: Listed[], byId: Map<string, Control>): string {
  const rows = listed.map(({ id, level, holds }) => {
    const control = byId.get(id)
    const way = control
      ? `${control.plane}, ${control.tier}; ${control.sabotages.length} ${control.sabotages.length === 1 ? 'sabotage' : 'sabotages'}`
      : 'missing'
    const runbook = control ? `[runbook](${relative('docs', control.runbook)})` : ''
    return `| ${id} | ${level} | ${cell(control?.holds ?? holds)}${control?.lacks ? ` *Not yet: ${cell(control.lacks)}*` : ''} | ${way} | ${runbook} |`
  })
  return [
    `### ${name[0]?.toUpperCase()}${name.slice(1)}`,
    '',
    '| id | level | holds | proof | |',
    '|---|---|---|---|---|',
    ...rows,
  ].join('\n')
}

const cell = (text: string) => text.replaceAll('|', '\\|')

function renderLaunch({ list }: Home): string {
  const known = new Set(list.map(({ id }) => id))
  const phases = launch.map(({ when, lines }) => {
    const items = lines.map((line) => {
      if ('command' in line) return `- [ ] ${line.do}: \`${line.command}\``
      if (!known.has(line.control)) throw new Error(`The launch names the unknown control ${line.control}`)
      return `- [ ] ${line.do}: ${line.control}`
    })
    return [`## ${when}`, '', ...items].join('\n')
  })
  return `# Launch checklist

${made} A line ends in the control that holds it (see [readiness-review.md](readiness-review.md)) or in the command to run.

${phases.join('\n\n')}
`
}

const home = await openHome(join(root, 'readiness'), new Date().toISOString().slice(0, 10))
const documents = { 'docs/readiness-review.md': renderReview(home), 'docs/launch-checklist.md': renderLaunch(home) }
for (const [name, text] of Object.entries(documents)) {
  const file = join(root, name)
  if (!process.argv.includes('--check')) await writeFile(file, text)
  else if ((await readFile(file, 'utf8').catch(() => '')) !== text) {
    console.error(`${name} is not what the catalogue says: run npm run readiness:documents, and commit the change`)
    process.exitCode = 1
  }
}
