// What the documents hold: commands, links, headings. For the tests and probes that hold them against what is there.
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** Commands of a document. `machine`: the word after `sh` that says where they run; none where that is any machine with Node. */
export type Block = { document: string; heading: string; machine: string; text: string }

/**
 * The documents whose commands are run: those of people who begin, build on it, deploy and operate. Runbooks have commands for what is
 * broken, and a control of their own (OPS-11); that of the day when all is lost is among these; decisions are history.
 */
export const documentsWithCommands = (root: string) =>
  globSync(['*.md', '*/README.md', 'docs/*.md', 'backup/*.md'], { cwd: root }).sort()

/** The blocks of commands in a document, in their order. */
export function blocksOf(root: string, document: string): Block[] {
  const blocks: Block[] = []
  let heading = ''
  let open: { language: string; machine: string; lines: string[] } | undefined
  for (const line of readFileSync(join(root, document), 'utf8').split('\n')) {
    const [fence, language = '', machine = ''] = /^ *```(\S*) *(.*?) *$/.exec(line) ?? []
    if (open && fence !== undefined) {
      const text = open.lines.join('\n')
      if (/^(sh|bash|shell|console)$/.test(open.language))
        blocks.push({ document, heading, machine: open.machine, text })
      open = undefined
    } else if (fence !== undefined) open = { language, machine, lines: [] }
    else if (open) open.lines.push(line)
    else heading = /^#+ (.+)$/.exec(line)?.[1] ?? heading
  }
  return blocks
}

/** Each command of a block: continued lines as one, without what a comment says of it. */
export const commandsOf = ({ text }: Pick<Block, 'text'>) =>
  text
    .replace(/\\\n\s*/g, '')
    .split('\n')
    .map((line) => line.replace(/(^|\s+)#\s.*$/, '').trim())
    .filter(Boolean)

/** The text without what stands in fences: there `#` begins a comment. */
const proseOf = (text: string) => text.replace(/^( *)```.*?^ *```$/gms, '')

/** Links to files of this repository and to places in them. */
export const linksOf = (text: string) =>
  [...proseOf(text).matchAll(/\]\((?!https?:|mailto:)([^)#\s]*)(?:#([^)\s]+))?\)/g)].map(
    ([link, target = '', anchor]) => ({ link, target, anchor }),
  )

/** As GitHub makes them of headings: the second of a name gets a number. */
export function anchorsOf(text: string): string[] {
  const seen = new Map<string, number>()
  return [...proseOf(text).matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) => {
    const words = heading.replace(/\[([^\]]*)\]\([^)]*\)/g, '$1').toLowerCase()
    const anchor = words
      .replace(/[^\p{L}\p{N}\s_-]/gu, '')
      .trim()
      .replace(/\s/g, '-')
    const before = seen.get(anchor) ?? 0
    seen.set(anchor, before + 1)
    return before === 0 ? anchor : `${anchor}-${before}`
  })
}
