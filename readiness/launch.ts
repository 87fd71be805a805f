// What a team does around a launch. Each line is held by a control, or is a command: no line is an intention.
import type { ControlId } from './control.ts'

type Line = { do: string } & ({ control: ControlId } | { command: string })
type Phase = { when: string; lines: readonly Line[] }

export const launch: readonly Phase[] = [
  {
    when: 'The day before',
    lines: [
      {
        do: 'Run every probe and sabotage on the commit that will be launched',
        command: 'npm run readiness -- --sabotage --tier all',
      },
      { do: 'Take the whole gate on a clean clone', command: 'npm ci && npm test && npm run check' },
      { do: 'Let six roles sign the report', control: 'OPS-15' },
      { do: 'Read the waivers: each has an owner, and none ends this week', control: 'RDY-04' },
      { do: 'See that the image is the one that was tested', control: 'OPS-01' },
      { do: 'Try the migrations up and down on a copy', control: 'DAT-02' },
      { do: 'Restore the last backup into a scratch database', control: 'DRY-05' },
      { do: 'Fill in the names of the disaster recovery runbook, and talk it through once', control: 'DRY-11' },
      { do: 'Check that every secret is production’s own', control: 'SEC-27' },
      { do: 'Fire each alert once, and see it arrive', control: 'OBS-16' },
      { do: 'Exercise the rollback', control: 'OPS-08' },
    ],
  },
  {
    when: 'The day',
    lines: [
      { do: 'Bring the schema up with the owner’s login', command: 'npm run migrate' },
      { do: 'Deploy by canary, and let no request be lost', control: 'REL-04' },
      { do: 'Look at the deployed service', command: 'npm run readiness -- --target https://YOUR-HOST' },
      { do: 'Play the journey against it', command: 'npm run demo -- https://YOUR-HOST' },
      { do: 'See that it is ready, and says so for the right reason', control: 'REL-02' },
      { do: 'Find one request’s id in the logs', control: 'OBS-02' },
    ],
  },
  {
    when: 'Two hours of watching',
    lines: [
      { do: 'Errors and latency by route against the objectives', control: 'OBS-11' },
      { do: 'Age of the oldest event and job', control: 'QUE-04' },
      { do: 'Dead letters: none, or each explained', command: 'npm run dead-letters' },
      { do: 'Connections of the pool below their bound', control: 'REL-14' },
      { do: 'Refusals by limit: none of people who behave', control: 'SEC-17' },
    ],
  },
  {
    when: 'The day after',
    lines: [
      { do: 'Look again, and compare with yesterday', command: 'npm run readiness -- --target https://YOUR-HOST' },
      { do: 'The night’s backup was made, verified and is young', control: 'DRY-04' },
      { do: 'Money in, money held and money out add up', control: 'DAT-05' },
      { do: 'Remove what is kept too long', command: 'npm run purge' },
      { do: 'Write down what surprised you, as a control or a runbook', control: 'OPS-11' },
    ],
  },
]
