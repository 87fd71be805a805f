// What the mail catcher shows: a list, and one mail. Plain HTML, no script, no internet. A mail is a stranger's text: it is
// escaped, and its HTML part is a document of its own, in a sandbox without an origin.
type Mailbox = { Name: string; Address: string }
type People = { From: Mailbox; To: Mailbox[]; Cc: Mailbox[]; Bcc: Mailbox[]; Recipients: string[] }
type Content = { Subject: string; Snippet: string; Text: string; HTML: string }
/** Named as in Mailpit's API. `Recipients` is ours: the addresses of the envelope, those that were refused left out. */
export type CaughtMail = { ID: string; MessageID: string; Created: string; Size: number } & People & Content

const inert = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
export const pagePolicy = `${inert}; frame-src 'self'; frame-ancestors 'none'`
/** For the HTML part. `sandbox` holds without the frame too, and stops scripts, refreshes, forms and pop-ups. */
export const htmlPartPolicy = `${inert}; img-src data:; frame-ancestors 'self'; sandbox`

const safe = (text: string) => text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`)
const link = (url: string) => `<a href="${safe(url)}" target="_blank" rel="noreferrer">${safe(url)}</a>`
const withLinks = (text: string) =>
  text.split(/(https?:\/\/[^\s<>"']+)/).map((part, index) => (index % 2 ? link(part) : safe(part)))
const person = ({ Name, Address }: Mailbox) => safe(Name ? `${Name} <${Address}>` : Address)
const people = (list: Mailbox[]) => list.map(person).join(', ')
const subject = ({ Subject }: CaughtMail) => safe(Subject.trim() || '(no subject)')
const time = (iso: string) => `<time datetime="${iso}">${iso.slice(0, 19).replace('T', ' ')} UTC</time>`

export function renderMails(mails: CaughtMail[]): string {
  const intro = `<p>${mails.length} caught, newest first. Nothing here reaches anyone. <a href="/">Reload</a></p>`
  const none = '<p class="none">No mail yet: what is sent to the SMTP port appears here.</p>'
  return renderPage('Caught mail', intro + (mails.length ? `<ol>${mails.map(renderRow).join('\n')}</ol>` : none))
}

const renderRow = (mail: CaughtMail) => `<li>
<div class="row"><a href="/view/${mail.ID}">${subject(mail)}</a>${time(mail.Created)}</div>
<div>${person(mail.From)} → ${people(mail.To) || safe(mail.Recipients.join(', '))}</div>
<div class="snippet">${safe(mail.Snippet)}</div>
<code title="Message-ID">${safe(mail.MessageID)}</code>
</li>`

export function renderMail(mail: CaughtMail): string {
  const facts = [
    ['From', person(mail.From)],
    ['To', people(mail.To)],
    ['Cc', people(mail.Cc)],
    ['Delivered to', safe(mail.Recipients.join(', '))],
    ['Caught', time(mail.Created)],
    ['Message-ID', mail.MessageID && `<code>${safe(mail.MessageID)}</code>`],
  ].filter(([, value]) => value)
  const list = facts.map(([name, value]) => `<dt>${name}</dt><dd>${value}</dd>`).join('\n')
  const text = `<h2>Text</h2>\n<pre>${withLinks(mail.Text).join('')}</pre>`
  const html = `<h2>HTML <small>no scripts, nothing from the internet</small></h2>
<iframe sandbox title="HTML part" src="/view/${mail.ID}.html"></iframe>`
  const parts = [mail.Text && text, mail.HTML && html].filter(Boolean).join('\n') || '<p class="none">No text.</p>'
  return renderPage(subject(mail), `<p><a href="/">All mail</a></p>\n<dl>${list}</dl>\n${parts}`)
}

const renderPage = (title: string, body: string) => `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title}</title>
<style>
  :root { color-scheme: light dark; --line: light-dark(#d5dde5, #34414d); --soft: light-dark(#f3f6f9, #1b242c); --link: light-dark(#0a5c8f, #7cc4f0); --dim: light-dark(#556472, #9fb0bf) }
  body { font: 16px/1.55 system-ui, sans-serif; max-width: 52rem; margin: 0 auto; padding: 2rem 1.25rem; background: light-dark(#fff, #12181d); color: light-dark(#17212b, #e4ebf1); overflow-wrap: anywhere }
  h1 { margin: 0; font-size: 1.7rem; line-height: 1.25 } h2 { margin: 1.75rem 0 .5rem; font-size: 1.05rem }
  p { margin: .35rem 0 1rem } a { color: var(--link) } small, time, code, dt, .snippet, .none { color: var(--dim) } small { font-weight: normal }
  time, code, .snippet { font-size: .875rem } time { white-space: nowrap; font-variant-numeric: tabular-nums }
  ol { list-style: none; padding: 0; margin: 0; border-top: 1px solid var(--line) } li { padding: .8rem 0; border-bottom: 1px solid var(--line) }
  .row { display: flex; flex-wrap: wrap; justify-content: space-between; align-items: baseline; gap: 0 1rem } .row a { font-weight: 600 }
  .none { padding: 2.5rem 1rem; text-align: center; border: 1px dashed var(--line); border-radius: 8px }
  dl { display: grid; grid-template-columns: max-content 1fr; gap: .2rem 1.25rem; margin: 1rem 0 } dd { margin: 0 }
  pre { background: var(--soft); border: 1px solid var(--line); border-radius: 6px; padding: .9rem 1rem; margin: 0; font-size: .9rem; white-space: pre-wrap }
  iframe { box-sizing: border-box; width: 100%; height: 28rem; resize: vertical; border: 1px solid var(--line); border-radius: 6px; background: #fff; color-scheme: light }
</style>
</head>
<body>
<h1>${title}</h1>
${body}
</body>
</html>
`
