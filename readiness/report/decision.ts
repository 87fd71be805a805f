// GO or NO GO, with its reasons. The first line of the page, and the only place where it is decided.
import { type CheckedSignOff, type ControlResult, type Report, roles } from './report.schemas.ts'

type Reason = { text: string; controls: string[] }
export type Decision = { go: boolean; reasons: Reason[] }

/** GO needs every must held or waived, and a valid sign-off of this digest by each role. Any doubt is NO GO. */
export function decide(report: Report, signOffs: readonly CheckedSignOff[]): Decision {
  const reasons = [...aboutControls(report), ...aboutRun(report), ...aboutSignOffs(signOffs)]
  return { go: reasons.length === 0, reasons }
}

export const failingMusts = ({ controls }: Report) =>
  controls.filter(({ level, status }) => level === 'must' && status === 'failing')

function aboutControls(report: Report): Reason[] {
  const musts = report.controls.filter(({ level }) => level === 'must')
  const failing = failingMusts(report)
  const missing = musts.filter(({ status }) => status === 'missing')
  const notVerified = musts.filter(({ status }) => status === 'not-verified')
  const claimed = musts.filter(({ status }) => status === 'claimed')
  const reasons: Reason[] = []
  if (failing.length > 0) reasons.push({ text: `${count(failing, 'fails', 'fail')}:`, controls: failing.map(byId) })
  if (missing.length > 0) reasons.push(plain(`${count(missing, 'is', 'are')} missing: nothing proves them yet.`))
  if (notVerified.length > 0) reasons.push(plain(`${count(notVerified, 'was', 'were')} not verified by this run.`))
  if (claimed.length > 0) reasons.push(plain(`${count(claimed, 'is', 'are')} only claimed: no sabotage was run.`))
  if (report.controls.length === 0) reasons.push(plain('The report has no controls.'))
  // The report may know of musts that are not on its list, so its own word counts even when the list looks complete.
  if (report.reached === 'none' && reasons.length === 0) reasons.push(plain('The run did not reach every must.'))
  return reasons
}

function aboutRun({ run }: Report): Reason[] {
  return run.dirty ? [plain('The tree was dirty: the files differed from the commit, so nobody can sign this.')] : []
}

function aboutSignOffs(signOffs: readonly CheckedSignOff[]): Reason[] {
  const unsigned = roles.filter((role) => !signOffs.some((signOff) => signOff.role === role && signOff.valid))
  // An invalid sign-off blocks nothing once the same role has a valid one; the section on sign-offs still lists it.
  const invalid = signOffs.filter(({ valid, role }) => !valid && unsigned.includes(role))
  return [
    ...(unsigned.length > 0 ? [plain(`Not signed by ${unsigned.join(', ')}.`)] : []),
    ...invalid.map(({ name, role, why }) => plain(`The sign-off of ${name} (${role}) is invalid: ${why}.`)),
  ]
}

const plain = (text: string): Reason => ({ text, controls: [] })
const byId = ({ id }: ControlResult) => id
const count = (musts: ControlResult[], one: string, many: string) =>
  musts.length === 1 ? `1 must ${one}` : `${musts.length} musts ${many}`
