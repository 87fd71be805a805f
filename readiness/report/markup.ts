// Text that is put into HTML or XML. Whatever a template is given is escaped; only another template's result is not.
const content = Symbol('markup')
/** Made by `html` and `trusted` only: no JSON can carry the symbol, so nothing read from a report passes for markup. */
export type Markup = { readonly [content]: string }
type Part = string | number | Markup | undefined | readonly Part[]

const entities: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' }
const escapeAll = (text: string) => text.replace(/[&<>"']/g, (character) => entities[character] ?? '')

// Characters that a reader can't see, or that turn the direction of the text around them, are shown by their number.
const invisible = /(?![\t\n])[\p{Cc}\p{Cs}\u200b-\u200f\u202a-\u202e\u2066-\u2069\ufeff\ufffe\uffff]/gu
const showInvisible = (text: string) =>
  text.replace(invisible, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`)

/** A template for HTML: every value is escaped, lists are joined, and undefined is nothing. */
export function html(fixed: TemplateStringsArray, ...parts: Part[]): Markup {
  return { [content]: fixed.map((text, index) => text + render(parts[index])).join('') }
}

/** Takes a text of this repository as markup: never one that comes from a report. */
export const trusted = (text: string): Markup => ({ [content]: text })

export const toText = (markup: Markup) => markup[content]

function render(part: Part): string {
  if (part === undefined) return ''
  if (typeof part === 'string') return escapeAll(showInvisible(part))
  if (typeof part === 'number') return String(part)
  return content in part ? part[content] : part.map(render).join('')
}

// What the production Char of XML 1.0 (section 2.2) leaves out, and the control characters that it discourages.
const forbidden = /(?![\t\n\r])[\p{Cc}\p{Cs}\ufffe\uffff]/gu

/** Escapes for XML, in attributes too. Characters that XML 1.0 can't carry are dropped. */
export function xml(text: string) {
  return escapeAll(text.replace(forbidden, '')).replace(/[\t\n\r]/g, (space) => `&#${space.charCodeAt(0)};`)
}
