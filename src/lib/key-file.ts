// A file of keys that is changed as a whole: whoever reads it sees the old one or the new one, and a crash loses neither.
import { type FileHandle, lstat, open, readFile, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'

/** No file of keys is that long: it is something else. */
const longest = 100_000

/** The text of a file. Rejects with a message for people when it is not a plain file that this user may read. */
export async function readKeyFile(path: string): Promise<string> {
  const about = await lstat(path).catch((error: NodeJS.ErrnoException) => {
    throw new Error(`${path} can't be read (${error.code})`)
  })
  // Replacing a link would leave the file behind it as it was, and a container's mount is changed where it comes from.
  if (about.isSymbolicLink()) throw new Error(`${path} is a link: name the file that it leads to`)
  if (!about.isFile()) throw new Error(`${path} is no file`)
  if (about.size > longest) throw new Error(`${path} is no file of keys: it has ${about.size} bytes`)
  return readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw new Error(`${path} can't be read (${error.code})`)
  })
}

/**
 * Puts what `change` makes of the text of a file in its place, with the same owner and mode. Of two at once the second is refused.
 * Rejects with the file as it was.
 */
export async function changeKeyFile(path: string, change: (text: string) => string | Promise<string>): Promise<void> {
  await readKeyFile(path)
  const beside = `${path}.new`
  const file = await open(beside, 'wx', 0o600).catch((error: NodeJS.ErrnoException) => {
    throw new Error(
      error.code === 'EEXIST'
        ? `${beside} is there: someone else is changing the keys. If nobody is, remove it`
        : `${beside} can't be written (${error.code})`,
    )
  })
  try {
    // Read under the lock that the file beside it is.
    const changed = await change(await readKeyFile(path))
    await fill(file, changed, path)
    await rename(beside, path)
  } catch (error) {
    await rm(beside, { force: true })
    throw error
  } finally {
    await file.close()
  }
  await keepFolder(dirname(path))
}

async function fill(file: FileHandle, text: string, path: string): Promise<void> {
  const { uid, gid, mode } = await lstat(path)
  const made = await file.stat()
  // Only root can, and only root needs it.
  if (made.uid !== uid || made.gid !== gid) await file.chown(uid, gid)
  await file.chmod(mode & 0o777)
  await file.writeFile(text)
  await file.sync()
}

/** A rename that was not written to the disk would come undone when the machine fails. */
async function keepFolder(path: string): Promise<void> {
  const folder = await open(path, 'r')
  await folder.sync().finally(() => folder.close())
}
