// What a scanner is: an outside program with an adapter, which runs it within a time and reads what it says to machines.
import { execFile } from 'node:child_process'
import type { Nginx } from '../nginx.ts'

export const severities = ['critical', 'high', 'medium', 'low', 'info'] as const
export type Severity = (typeof severities)[number]
export type Finding = {
  /** The program's own name of the rule: what is accepted is named by it. */
  rule: string
  severity: Severity
  what: string
  where: string
}
/** A running service with two people who are signed in. */
export type Site = { url: string; clientToken: string; workerToken: string; word: string }
export type Ground = {
  /** The project, or a copy of it. */
  root: string
  /** For what a program writes: removed at the end. */
  folder: string
  /** A few operations and inputs only. */
  quick: boolean
  say(line: string): void
  /** Started at the first use. */
  site(): Promise<Site>
  /** The edge of production in front of it, started at the first use. */
  edge(): Promise<Nginx>
}
/** `saw`: what is worth a line although it is no finding. */
export type Seen = { findings: Finding[]; saw?: string }
export type Scanner = {
  name: string
  version: string
  looksAt: string
  /** How to have it, where it is missing. */
  get: string
  /** Milliseconds that it may take. */
  patience: number
  /** The path of the program. Rejects where it can't be had. */
  find(): Promise<string>
  /** Rejects when the program did not do its work: that says nothing, and must not pass for clean. */
  run(program: string, ground: Ground): Promise<Seen>
}

type Options = { patience: number; cwd?: string; env?: NodeJS.ProcessEnv; codes?: readonly number[] }

/** Runs a program to its end. Rejects when it takes too long, or ends by another code than those (0 by default) with which it did its work. */
export function runTool(program: string, args: string[], { patience, cwd, env, codes = [0] }: Options) {
  return new Promise<{ code: number; stdout: string; stderr: string }>((resolve, reject) => {
    const options = { timeout: patience, maxBuffer: 256 * 1024 * 1024, ...(cwd && { cwd }), ...(env && { env }) }
    const child = execFile(program, args, options, (error, stdout, stderr) => {
      const code = child.exitCode ?? -1
      if (codes.includes(code)) return resolve({ code, stdout, stderr })
      const why = error?.killed ? `took longer than ${patience / 1000} s` : `ended by ${code}`
      reject(new Error(`${why}: ${(stderr || stdout).trim().slice(-600)}`))
    })
  })
}

/** The severity that another word means. Rejects words that nobody foresaw: they must not count as harmless. */
export function severityOf(word: string, words: Readonly<Record<string, Severity>>): Severity {
  const severity = words[word.toLowerCase()]
  if (!severity) throw new Error(`the severity "${word}" is unknown`)
  return severity
}
