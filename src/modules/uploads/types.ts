// What a file is, by its bytes alone.
import { fileTypeFromBuffer } from 'file-type'
import { type MediaType, mediaTypes } from './uploads.schemas.ts'

const isOurs = (type: string): type is MediaType => mediaTypes.some((each) => each === type)

/** Undefined where it is nothing that is taken. A zip that says that it is a document is looked into. */
export async function typeOf(bytes: Buffer): Promise<MediaType | undefined> {
  // What it can't read to the end is nothing of ours either.
  const found = await fileTypeFromBuffer(bytes).catch(() => undefined)
  return found && isOurs(found.mime) ? found.mime : undefined
}

/** Whether a Content-Type leaves room for what the bytes are. */
export function agrees(declared: string | undefined, type: MediaType): boolean {
  const [essence = ''] = (declared ?? '').split(';')
  return ['', 'application/octet-stream', type].includes(essence.trim().toLowerCase())
}
