// The script of the page: filters, search, links into folded controls, and print. It only reads the page and sets
// `hidden`, `open` and text, and holds no data. It is text, since no build exists that would turn TypeScript into it.
export const script = `'use strict'
const form = document.getElementById('filters')
const { text, status, level, area, result } = form.elements
const openAll = document.getElementById('open-all')
const controls = [...document.querySelectorAll('details.control')]
const areas = [...document.querySelectorAll('section.area')]
const words = new Map(controls.map((control) => [control, control.textContent.toLowerCase()]))
const isFailingMust = ({ dataset }) => dataset.level === 'must' && dataset.status === 'failing'

function matches(control) {
  const { dataset } = control
  const ofStatus = status.value === '!verified' ? dataset.status !== 'verified' : !status.value || dataset.status === status.value
  return ofStatus
    && (!level.value || dataset.level === level.value)
    && (!area.value || dataset.area === area.value)
    && text.value.toLowerCase().split(/\\s+/).every((word) => words.get(control).includes(word))
}

function filter() {
  for (const control of controls) control.hidden = !matches(control)
  for (const section of areas) section.hidden = !section.querySelector('details.control:not([hidden])')
  const shown = controls.filter((control) => !control.hidden).length
  const failing = controls.filter((control) => control.hidden && isFailingMust(control)).length
  document.getElementById('nothing').hidden = shown > 0
  result.value = shown + ' of ' + controls.length + ' controls shown'
    + (failing > 0 ? '; failing musts hidden here, but listed above: ' + failing : '')
}

// A link to a control has to lead there, whatever is filtered out or folded.
function reveal() {
  const target = document.getElementById(location.hash.slice(1))
  if (!target) return
  if (target.closest('[hidden]')) { form.reset(); filter() }
  if (target.matches('details')) target.open = true
  target.scrollIntoView()
}

function toggleAll() {
  const open = openAll.getAttribute('aria-pressed') === 'false'
  for (const control of controls) control.open = open
  openAll.setAttribute('aria-pressed', String(open))
}

form.hidden = false
form.addEventListener('input', filter)
form.addEventListener('submit', (event) => event.preventDefault())
// A reset empties the fields only after its event.
form.addEventListener('reset', () => setTimeout(filter))
openAll.addEventListener('click', toggleAll)
for (const link of document.querySelectorAll('a[data-area]')) {
  link.addEventListener('click', () => {
    form.reset()
    area.value = link.dataset.area
    status.value = link.dataset.status
    filter()
  })
}
addEventListener('hashchange', reveal)
// Following the same link twice changes no hash, but the filter may have changed in between.
for (const link of document.querySelectorAll('a[href^="#"]')) {
  link.addEventListener('click', () => { if (link.hash === location.hash) reveal() })
}
// Browsers that can't open folded content by style alone open it here.
let folded = []
addEventListener('beforeprint', () => {
  folded = controls.filter((control) => !control.open)
  for (const control of folded) control.open = true
})
addEventListener('afterprint', () => { for (const control of folded) control.open = false })
filter()
reveal()
`
