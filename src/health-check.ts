// Health door, for a container without a shell: `node src/health-check.ts [URL]` exits 0 when the URL answers 2xx in time, else 1.
import process from 'node:process'

const [url = 'http://127.0.0.1:8080/health/ready'] = process.argv.slice(2)

try {
  const answer = await fetch(url, { redirect: 'error', signal: AbortSignal.timeout(4000) })
  const said = await answer.text()
  if (!answer.ok) throw new Error(`${answer.status} ${said}`)
} catch (error) {
  const { message, cause } = error as Error
  console.error(`${url} is not well: ${cause instanceof Error ? cause.message : message}`)
  process.exitCode = 1
}
