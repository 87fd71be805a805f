// The command as people type it; what the programs find is OPS-16.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { startProcess } from './process.ts'
import type { Result } from './scan/report.ts'
import { scanners } from './scan/scanners.ts'

async function scan(args: string[], env: NodeJS.ProcessEnv = {}) {
  const running = startProcess(['tools/scan.ts', ...args], { env })
  const { code } = await running.ended
  return { code, said: running.said() }
}

function emptyFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'seaworthy-scan-test-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

test('--list names every scanner, with its version', async () => {
  const { code, said } = await scan(['--list'])
  expect([code, said.split('\n').map((line) => line.split(/ +/).slice(0, 2)[0])]).toEqual([
    0,
    scanners.map(({ name }) => name),
  ])
})

test.each([
  ['https://example.com', 'example.com is not on this machine'],
  ['http://127.0.0.1.example.com:8080', 'is not on this machine'],
  ['http://10.0.0.1', 'is not on this machine'],
])('nothing is attacked at %s', async (target, why) => {
  const { code, said } = await scan(['--quick', '--target', target])
  expect([code, said]).toEqual([2, expect.stringContaining(why)])
})

test('a scanner that nobody knows is a mistake of the command line', async () => {
  const { code, said } = await scan(['--only', 'zizmor,nobody'])
  expect([code, said]).toEqual([2, 'There is no scanner nobody: --list has them all'])
})

test('a scanner whose program is missing is not verified, and the table says how to have it', async () => {
  const [report, PATH] = [emptyFolder(), emptyFolder()]
  const { code, said } = await scan(['--only', 'zizmor,hadolint', '--report', report], { PATH })
  const { results } = JSON.parse(readFileSync(join(report, 'report.json'), 'utf8')) as { results: Result[] }
  expect(results.map(({ tool, status }) => `${tool} ${status}`)).toEqual([
    'zizmor not verified',
    'hadolint not verified',
  ])
  expect(said).toMatch(/zizmor +\S+ +not verified .*install python3/)
  expect([code, said]).toEqual([0, expect.stringContaining('0 serious findings, 0 failed, 2 not verified')])
})
