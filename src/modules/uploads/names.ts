// What files are called by those who upload them. A name is told again as it was, and means nothing here.
import { create, parse } from 'content-disposition'
import { nameMalformed } from './uploads.errors.ts'
import { endings, longestName, type MediaType } from './uploads.schemas.ts'

/** Control characters, lone halves of pairs, and what turns the direction of text, so that fdp.exe reads as exe.pdf. */
const unseen = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu

/**
 * Of a Content-Disposition (RFC 6266): the last part of a path, without what can't be seen, with the ending of what the bytes are. Throws
 * FILE_NAME_MALFORMED (400) where the field has no name.
 */
export function nameOf(field: string | undefined, type: MediaType): string {
  const ending = `.${endings[type]}`
  const [last = ''] = given(field).normalize('NFC').split(/[/\\]/).slice(-1)
  const clean = last.replace(unseen, '').replace(/\s+/g, ' ').trim()
  // Who opens it from their own disk goes by its ending.
  const stem = clean.toLowerCase().endsWith(ending) ? clean.slice(0, -ending.length) : clean
  const short = Array.from(stem.replace(/^[. ]+/, ''))
    .slice(0, longestName - ending.length)
    .join('')
  return `${short.trim() || 'upload'}${ending}`
}

function given(field: string | undefined): string {
  if (field === undefined) return ''
  const { filename } = parse(field).parameters
  // Who names it wrongly should not find it under another name.
  if (filename === undefined) throw nameMalformed()
  return filename
}

/** The Content-Disposition by which it is saved, and not shown. */
export const savedAs = (name: string): string => create(name, { type: 'attachment' })
