// The page of a report: one file that needs no network, no server and, but for its filters, no script.
import { createHash } from 'node:crypto'
import { decide } from './decision.ts'
import { renderControls } from './html-controls.ts'
import { renderCounts } from './html-counts.ts'
import { script } from './html-script.ts'
import { renderDifference, renderNotVerified, renderRisks, renderSignOffs, renderWaivers } from './html-sections.ts'
import { style } from './html-style.ts'
import { renderAlarms, renderVerdict } from './html-verdict.ts'
import { html, toText, trusted } from './markup.ts'
import type { CheckedSignOff, Report } from './report.schemas.ts'

/** `digest` is the SHA-256 of the report.json that `report` was read from, in hex. */
export function renderPage(report: Report, signOffs: CheckedSignOff[], digest: string): string {
  const { go } = decide(report, signOffs)
  const page = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<title>${go ? 'GO' : 'NO GO'}: readiness of ${report.run.commit.slice(0, 7)}</title>
<style>${trusted(style)}</style>
</head>
<body>
<a class="skip" href="#controls">Skip to the controls</a>
${renderVerdict(report, signOffs, digest)}
<nav aria-label="On this page"><ul>
${links.map(([id, name]) => html`<li><a href="#${id}">${name}</a></li>`)}
</ul></nav>
<main>
${renderAlarms(report)}
${renderCounts(report)}
${renderControls(report)}
${renderNotVerified(report)}
${renderWaivers(report)}
${renderRisks(report)}
${renderSignOffs(signOffs)}
${renderDifference(report)}
</main>
<footer><p>Made from report.json alone. Days are counted from the end of the run.</p></footer>
<script>${trusted(script)}</script>
</body>
</html>
`
  return toText(page)
}

const links = [
  ['failing', 'Failing musts'],
  ['counts', 'Counts'],
  ['controls', 'Controls'],
  ['not-verified', 'Not verified here'],
  ['waivers', 'Waivers'],
  ['risks', 'Risks'],
  ['sign-offs', 'Sign-offs'],
  ['changes', 'Changes'],
] as const

const hash = (text: string) => `'sha256-${createHash('sha256').update(text).digest('base64')}'`

// Only this style and this script run: what evidence smuggles in would be inert even if it were not escaped.
const policy = [
  "default-src 'none'",
  `style-src ${hash(style)}`,
  `script-src ${hash(script)}`,
  "base-uri 'none'",
  "form-action 'none'",
  "require-trusted-types-for 'script'",
].join('; ')
