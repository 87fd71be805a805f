// junit.xml: the report for machines that show test results. One suite an area; sabotages are cases of their own.
import { xml } from './markup.ts'
import type { ControlResult, Report, SabotageResult } from './report.schemas.ts'

type Outcome = 'passed' | 'failed' | 'skipped'
type Case = { outcome: Outcome; seconds: number; text: string }

export function renderJunit(report: Report): string {
  const { run, controls } = report
  const areas = [...new Set(controls.map(({ area }) => area))]
  const suites = areas.map((area) => {
    const cases = controls.filter((control) => control.area === area).flatMap(casesOf)
    const attributes = `name="${xml(area)}" ${totals(cases)} timestamp="${xml(run.start)}"`
    const properties = `<properties><property name="commit" value="${xml(run.commit)}"/><property name="dirty" value="${run.dirty}"/></properties>`
    return { cases, text: [`<testsuite ${attributes}>`, properties, ...cases.map(toText), '</testsuite>'].join('\n') }
  })
  const all = totals(suites.flatMap(({ cases }) => cases))
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites name="readiness" ${all}>`,
    ...suites.map(toText),
    '</testsuites>\n',
  ].join('\n')
}

const toText = ({ text }: { text: string }) => text

function totals(cases: Case[]) {
  const count = (outcome: Outcome) => cases.filter((one) => one.outcome === outcome).length
  const seconds = cases.reduce((sum, one) => sum + one.seconds, 0)
  return `tests="${cases.length}" failures="${count('failed')}" errors="0" skipped="${count('skipped')}" time="${seconds.toFixed(3)}"`
}

function casesOf(control: ControlResult): Case[] {
  return [controlCase(control), ...control.sabotages.map((sabotage) => sabotageCase(control, sabotage))]
}

function controlCase(control: ControlResult): Case {
  const { id, level, status, reason, holds, because, runbook, evidence, probe } = control
  const name = `${id} (${level}) ${holds}`
  if (status === 'verified') return testcase(control, name, probe.seconds, 'passed', '')
  if (status === 'failing') {
    const detail = `${because}\nRunbook: ${runbook}\nEvidence: ${JSON.stringify(evidence)}`
    return testcase(control, name, probe.seconds, 'failed', failure(reason || 'failing', 'failing', detail))
  }
  const why = status === 'claimed' ? 'no sabotage was run' : reason
  return testcase(control, name, probe.seconds, 'skipped', skipped(why ? `${status}: ${why}` : status))
}

function sabotageCase(
  control: ControlResult,
  { name, kind, expected, verdict, reason, seconds }: SabotageResult,
): Case {
  const title = `${control.id} sabotage (${kind}): ${name}`
  if (verdict === 'proven') return testcase(control, title, seconds, 'passed', '')
  if (verdict === 'none')
    return testcase(control, title, seconds, 'skipped', skipped(`not run${reason ? `: ${reason}` : ''}`))
  const detail = `Expected red for: ${expected}\nSeen: ${reason}`
  return testcase(
    control,
    title,
    seconds,
    'failed',
    failure(reason ? `${verdict}: ${reason}` : verdict, verdict, detail),
  )
}

function testcase({ area }: ControlResult, name: string, seconds: number, outcome: Outcome, inner: string): Case {
  const start = `<testcase classname="readiness.${xml(area)}" name="${xml(name)}" time="${seconds.toFixed(3)}"`
  return { outcome, seconds, text: inner ? `${start}>${inner}</testcase>` : `${start}/>` }
}

const skipped = (message: string) => `<skipped message="${xml(message)}"/>`
const failure = (message: string, type: string, detail: string) =>
  `<failure message="${xml(message)}" type="${xml(type)}">${xml(detail)}</failure>`
