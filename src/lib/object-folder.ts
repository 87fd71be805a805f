// Objects as files of one folder, which nobody but this user can read.
import { mkdir, open, readFile, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { ObjectStore } from './object-store.ts'

/** The folder is made at the first put. A file that is there is whole: it is written under another name. */
export function folderStore({ folder }: { folder: string }): ObjectStore {
  const draftOf = (name: string) => join(folder, `${name}.part`)

  return {
    async put(name, bytes, signal) {
      await mkdir(folder, { recursive: true, mode: 0o700 })
      await write(draftOf(name), bytes)
      // Whoever gave it up has been told that it failed.
      signal.throwIfAborted()
      await rename(draftOf(name), join(folder, name))
      await settle(folder)
    },

    async get(name) {
      return readFile(join(folder, name)).catch((error: NodeJS.ErrnoException) => {
        if (error.code === 'ENOENT') return undefined
        throw error
      })
    },

    async remove(name) {
      for (const file of [join(folder, name), draftOf(name)]) await rm(file, { force: true })
    },
  }
}

async function write(file: string, bytes: Buffer): Promise<void> {
  await using handle = await open(file, 'w', 0o600)
  await handle.writeFile(bytes)
  await handle.sync()
}

/** The new name is on the disk, too. */
async function settle(folder: string): Promise<void> {
  await using handle = await open(folder, 'r')
  await handle.sync()
}
