// All that is broken in a drill. A test holds it against monitoring/alerts/: each alert has one cause, or a proof here.
import type { Cause } from './cause.ts'
import { causesOfMoney } from './causes-money.ts'
import { causesOfPeople } from './causes-people.ts'
import { causesOfProcesses } from './causes-processes.ts'
import { causesOfQueues } from './causes-queues.ts'
import { causesOfStores } from './causes-stores.ts'

export const causes: Cause[] = [
  ...causesOfPeople,
  ...causesOfMoney,
  ...causesOfQueues,
  ...causesOfStores,
  ...causesOfProcesses,
]

/** What a drill leaves to its unit test, at most three: the alert, and the file of the test. */
export const uncaused: Record<string, string> = { WalNotArchived: 'monitoring/tests/backups.test.yml' }
