import { describe, expect, test } from 'vitest'
import { nameOf, savedAs } from './names.ts'

const pdf = 'application/pdf'
const extended = (text: string) => `attachment; filename*=UTF-8''${encodeURIComponent(text)}`

describe('a name', () => {
  test.each([
    ['attachment; filename="cv.pdf"', 'cv.pdf'],
    [extended('Résumé.pdf'), 'Résumé.pdf'],
    [`attachment; filename="other.pdf"; filename*=UTF-8''R%C3%A9sum%C3%A9.pdf`, 'Résumé.pdf'],
    [extended('履歴書.PDF'), '履歴書.pdf'],
    [undefined, 'upload.pdf'],
  ])('is told again as it was: %s', (field, name) => {
    expect(nameOf(field, pdf)).toBe(name)
  })

  test.each([
    ['../../etc/passwd', 'passwd.pdf'],
    ['C:\\Users\\ada\\cv.pdf', 'cv.pdf'],
    ['/', 'upload.pdf'],
    ['...', 'upload.pdf'],
    ['.htaccess', 'htaccess.pdf'],
    ['cv.pdf\r\nSet-Cookie: a=b', 'cv.pdfSet-Cookie: a=b.pdf'],
    ['nothing\u0000.pdf', 'nothing.pdf'],
    ['cv\u202efdp.exe', 'cvfdp.exe.pdf'],
    ['page.html', 'page.html.pdf'],
    ['   ', 'upload.pdf'],
    ['ö'.repeat(300), `${'ö'.repeat(196)}.pdf`],
  ])('has neither a path nor what cannot be seen, and ends as what the file is: %j', (text, name) => {
    expect(nameOf(extended(text), pdf)).toBe(name)
  })

  test.each(['attachment', 'attachment; name="cv.pdf"', '"', ';', ''])(
    'that the field does not have is refused: %j',
    (field) => {
      expect(() => nameOf(field, pdf)).toThrow(expect.objectContaining({ status: 400, code: 'FILE_NAME_MALFORMED' }))
    },
  )
})

test('it is sent to be saved, in ASCII and as it is', () => {
  expect(savedAs('Résumé "1".pdf')).toMatch(
    /^attachment; filename="[ -~]*"; filename\*=UTF-8''R%C3%A9sum%C3%A9%20%221%22\.pdf$/,
  )
})
