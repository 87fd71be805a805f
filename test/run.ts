import { execFile } from 'node:child_process'

type Ended = { code: number; stdout: string; stderr: string }

/** Runs a program to its end and answers what it said; a non-zero exit is an answer, not an error. */
export function run(
  program: string,
  args: string[],
  options: { env?: NodeJS.ProcessEnv; timeout?: number } = {},
): Promise<Ended> {
  return new Promise((resolve) => {
    const child = execFile(program, args, { timeout: 30_000, ...options }, (_error, stdout, stderr) => {
      resolve({ code: child.exitCode ?? -1, stdout, stderr })
    })
  })
}
