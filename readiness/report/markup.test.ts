import { expect, test } from 'vitest'
import { html, toText, trusted, xml } from './markup.ts'

test('a value is escaped, in text and in attributes', () => {
  expect(toText(html`<p title="${`"'`}">${'<b>&'}</p>`)).toBe('<p title="&quot;&#39;">&lt;b&gt;&amp;</p>')
})

test('a template inside a template is not escaped again, lists are joined, and undefined is nothing', () => {
  const items = ['a', '<'].map((item) => html`<li>${item}</li>`)
  expect(toText(html`<ul>${items}</ul>${undefined}${2}`)).toBe('<ul><li>a</li><li>&lt;</li></ul>2')
  expect(toText(html`${trusted('<i>')}`)).toBe('<i>')
})

test('characters that hide or turn text are shown by their number, and line ends stay', () => {
  expect(toText(html`${'a\u202eb\u0000c\ud800d\u200be\r\n\tf'}`)).toBe('a\\u202eb\\u0000c\\ud800d\\u200be\\u000d\n\tf')
  expect(toText(html`${'Zoë 🚢'}`)).toBe('Zoë 🚢')
})

test('XML keeps its line ends in attributes, and loses what it can not carry', () => {
  expect(xml('a\n\u0000\ud800\uffff<"🚢')).toBe('a&#10;&lt;&quot;🚢')
})
