// What a process has used so far, from Linux's own books. Elsewhere nothing is known, and nothing is told.
import { readFileSync } from 'node:fs'

/** Linux tells processes of their time in hundredths of a second, whatever the kernel counts in (proc(5), sysconf _SC_CLK_TCK). */
const tick = 10

/** Milliseconds of CPU of all its threads, in user and system mode. */
export function cpuOf(pid: number): number | undefined {
  const text = read(`/proc/${pid}/stat`)
  // The name of a program may hold blanks and brackets.
  const [, , , , , , , , , , , user, system] = text?.slice(text.lastIndexOf(')') + 2).split(' ') ?? []
  return user === undefined ? undefined : (Number(user) + Number(system)) * tick
}

/** Bytes that it has in memory. */
export function memoryOf(pid: number): number | undefined {
  const [, kilobytes] = /^VmRSS:\s+(\d+) kB$/m.exec(read(`/proc/${pid}/status`) ?? '') ?? []
  return kilobytes === undefined ? undefined : Number(kilobytes) * 1024
}

function read(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return undefined
  }
}
