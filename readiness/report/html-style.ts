// The style of the page. A status is always a word; colour only repeats it. Contrast is AA in both schemes.
export const style = `
:root {
  color-scheme: light dark;
  --page: light-dark(#fff, #10151a); --soft: light-dark(#f5f7f9, #182027); --line: light-dark(#d9dfe6, #2d3842);
  --ink: light-dark(#18202a, #e2e8ee); --quiet: light-dark(#546070, #9eabb8); --link: light-dark(#0b5a8c, #7fc4f1);
  --red: light-dark(#b3261e, #c5382d); --red-ink: light-dark(#9b1c15, #ffb3aa); --red-soft: light-dark(#fdefed, #331715);
  --amber-ink: light-dark(#754a00, #f3cc7c); --amber-soft: light-dark(#fff4da, #322709);
  --violet-ink: light-dark(#553597, #cfbfff); --violet-soft: light-dark(#f2edfd, #272041);
  --green-ink: light-dark(#0d6238, #8adfb1); --green-soft: light-dark(#e8f6ee, #112c1d);
  --mono: ui-monospace, 'SF Mono', 'Cascadia Mono', 'DejaVu Sans Mono', monospace;
}
* { box-sizing: border-box }
[hidden] { display: none !important }
html { scroll-padding-top: 7.5rem }
body { margin: 0 auto; max-width: 76rem; padding: 1.5rem; font: 15px/1.5 system-ui, 'Segoe UI', Roboto, sans-serif; background: var(--page); color: var(--ink); overflow-wrap: anywhere }
h1, h2, h3, h4, h5, p, ul, dl, dd { margin: 0; padding: 0 }
ul { list-style: none }
code, .id, h4 { font-family: var(--mono); font-size: .875em }
a { color: var(--link); text-underline-offset: .15em }
:focus-visible { outline: 3px solid var(--link); outline-offset: 2px; border-radius: 3px }
h2 { font-size: 1.2rem; line-height: 1.3; margin: 2.5rem 0 .75rem }
h3 { font-size: 1rem; margin: 1.75rem 0 .4rem }
h3 small { font-weight: 400; color: var(--quiet); margin-left: .5rem }
h5 { font-size: .875rem; margin: .9rem 0 .25rem }
section > p { margin-bottom: .5rem }
.quiet, .why, .kicker, footer { color: var(--quiet) }
.pre { white-space: pre-wrap }
.unseen { position: absolute; clip-path: inset(50%); width: 1px; height: 1px; overflow: hidden }
.skip { position: absolute; left: -99rem } .skip:focus { left: 1rem; top: .5rem; background: var(--page); padding: .5rem }

.top { display: grid; grid-template-columns: minmax(0, 1.15fr) minmax(0, 1fr); gap: 2rem; border: 1px solid var(--line); border-top: 6px solid var(--red); border-radius: 6px; padding: 1.25rem 1.5rem 1.5rem; background: var(--soft) }
.top.go { border-top-color: light-dark(#17804a, #2f9a61) }
.top h1 { font-size: 3.25rem; line-height: 1.1; letter-spacing: -.02em; color: var(--red-ink) } .top.go h1 { color: var(--green-ink) }
.top h2 { font-size: .875rem; margin: 0 0 .35rem; color: var(--quiet); font-weight: 600 }
.lead { font-size: 1.05rem; margin: .35rem 0 .75rem }
.reasons { border-left: 2px solid var(--red); padding-left: .9rem } .reasons li + li { margin-top: .3rem }
.run { font-size: .875rem }
.alarm { grid-column: 1 / -1; padding: .7rem 1rem; background: var(--red); color: #fff; border-radius: 6px }
nav ul { display: flex; flex-wrap: wrap; gap: .25rem 1.25rem; margin-top: 1rem; font-size: .9rem }

.facts > div { display: grid; grid-template-columns: 5.5rem minmax(0, 1fr); gap: .75rem; padding: .18rem 0 }
dt { color: var(--quiet) }
.evidence { display: grid; grid-template-columns: fit-content(45%) minmax(0, 1fr); gap: 0 1rem; font: .85rem/1.55 var(--mono) }
.evidence > div { display: contents }
.files { display: flex; flex-wrap: wrap; gap: 0 1rem }

.tag { display: inline-block; padding: 0 .5em; border: 1px solid; border-radius: 4px; font-size: .8rem; line-height: 1.45; font-weight: 600; white-space: nowrap; color: var(--quiet); background: var(--page) }
.tag.failing, .tag.survived, .tag.wrong-reason { background: var(--red); border-color: var(--red); color: #fff }
.tag.survived, .tag.wrong-reason { text-transform: uppercase; letter-spacing: .03em }
.tag.missing, .tag.undo-failed, .tag.not-applied { color: var(--red-ink); background: var(--red-soft) }
.tag.not-verified, .tag.none { border-style: dashed }
.tag.claimed { color: var(--amber-ink); background: var(--amber-soft) }
.tag.waived { color: var(--violet-ink); background: var(--violet-soft) }
.tag.verified, .tag.proven { color: var(--green-ink); background: var(--green-soft); border-color: transparent }

.rows > li { display: flex; gap: .75rem; align-items: baseline; padding: .45rem .75rem; border-top: 1px solid var(--line) }
.rows > li:last-child { border-bottom: 1px solid var(--line) }
.rows > li.bad { box-shadow: inset 4px 0 var(--red); background: var(--red-soft) }
.rows > li > :first-child { flex: none }
.rows > li:has(> .tag:first-child) { display: grid; grid-template-columns: 8.75rem minmax(0, 1fr) }
.rows > li > span:last-child { min-width: 0 }
.why { display: block; font-size: .875rem }
.cards { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(24rem, 100%), 1fr)); gap: 1rem }
.cards > li { border: 1px solid var(--line); border-radius: 6px; padding: .8rem 1rem }
.cards h3 { margin: 0 0 .3rem }

.counts { border-collapse: collapse; table-layout: fixed; width: 100%; font-variant-numeric: tabular-nums }
.counts th, .counts td { padding: .25rem .5rem; text-align: right; border-bottom: 1px solid var(--line) }
.counts th:first-child { width: 26%; text-align: left; padding-left: 0; font-weight: 400 }
.counts thead th { font-size: .85rem; font-weight: 600; vertical-align: bottom }
.counts tfoot tr:first-child > * { border-top: 2px solid var(--line) } .counts tfoot tr:last-child > * { font-weight: 700 }
.counts .zero { color: var(--quiet); font-weight: 400 } .counts td.failing, .counts td.failing a { color: var(--red-ink); font-weight: 700; background: var(--red-soft) }
.counts td a { display: block }

search { display: block; position: sticky; top: 0; z-index: 1; background: var(--page) }
form { display: flex; flex-wrap: wrap; gap: .5rem .75rem; align-items: end; padding: .6rem 0; border-bottom: 1px solid var(--line) }
label { font-size: .8rem; color: var(--quiet) } label:first-child { flex: 1 1 14rem }
input, select, button { display: block; font: inherit; font-size: .9rem; color: var(--ink); background: var(--page); border: 1px solid light-dark(#868f9a, #74808c); border-radius: 4px; padding: .3rem .5rem; min-height: 2.1rem }
input { width: 100% } ::placeholder { color: var(--quiet); opacity: 1 } button { cursor: pointer } button[aria-pressed='true'] { background: var(--line) }
output { flex: 1 1 100%; font-size: .875rem; color: var(--quiet) }

.control { border-top: 1px solid var(--line) } .area > .control:last-child { border-bottom: 1px solid var(--line) }
.control.failing { box-shadow: inset 4px 0 var(--red) }
summary { display: grid; grid-template-columns: 1rem 4.25rem 3.6rem 6.4rem minmax(0, 1fr) 7rem; gap: 0 .6rem; align-items: baseline; padding: .4rem .5rem .4rem .75rem; cursor: pointer; list-style: none }
summary::-webkit-details-marker { display: none }
summary::before { content: '▸' / ''; color: var(--quiet) } [open] > summary::before { content: '▾' / '' }
summary:hover { background: var(--soft) }
.level { font-size: .85rem } .level.must { font-weight: 600 } .level.should { color: var(--quiet) }
.kind { grid-column: 6; grid-row: 1; color: var(--quiet); font-size: .85rem; text-align: right } .holds { grid-column: 5; grid-row: 1 }
.tag { justify-self: start }
.marks { display: flex; flex-wrap: wrap; gap: 0 1rem; font-size: .85rem; color: var(--amber-ink) } .mark.loud { color: var(--red-ink); font-weight: 700 }
.body { padding: .1rem .5rem 1rem 7.2rem; font-size: .925rem }
footer { margin-top: 3rem; font-size: .85rem }

@media (max-width: 56rem) {
  .top { grid-template-columns: minmax(0, 1fr); gap: 1.25rem }
  summary { grid-template-columns: 1rem auto auto auto minmax(0, 1fr) }
  .kind { grid-column: 5 } .holds { grid-column: 2 / -1; grid-row: 2 }
  .body { padding-left: 2.35rem }
}
@media (max-width: 40rem) {
  html { scroll-padding-top: 1rem }
  body { padding: .75rem } .top { padding: 1rem } .top h1 { font-size: 2.5rem }
  search { position: static } label:first-child { flex-basis: 100% } label:not(:first-child) { flex: 1 1 5rem } button { flex: 1 1 40% } select { width: 100% }
  .counts th:first-child { width: 32% } .counts th, .counts td { padding: .25rem .15rem }
  .counts thead span { writing-mode: vertical-rl; transform: rotate(180deg) }
  .evidence { display: block } .evidence > div { display: block; margin-bottom: .3rem }
  .rows > li { flex-wrap: wrap; gap: .1rem .75rem; padding-inline: .5rem } .rows > li:has(> .tag:first-child) { grid-template-columns: minmax(0, 1fr) } .body { padding-left: .5rem }
}
@media print {
  :root { color-scheme: light; font-size: 13px } body { max-width: none; padding: 0; font-size: 1rem }
  nav, search, .skip { display: none }
  /* Paper shows every control, whatever the filter on the screen hid. */
  .control[hidden], .area[hidden] { display: block !important }
  details::details-content { display: block; content-visibility: visible; block-size: auto }
  summary::before { visibility: hidden }
  .control summary, .rows > li, .cards > li, tr { break-inside: avoid } h2, h3, summary { break-after: avoid }
  .tag, .alarm { background: none !important; color: #000 !important; border: 1px solid #000 !important } .tag.failing, .tag.survived, .tag.wrong-reason { border-width: 2px !important; font-weight: 800 }
}
`
