import { writeSync } from 'node:fs'
import { openSqliteStore } from './sqlite.ts'

/**
 * The victim of the crash test: writes to the store named by its argument until it is killed, and tells on standard output what was
 * acknowledged: `revision key value`, or `revision key` for a delete. Lines go out by a call that returns after the kernel has them. Without a
 * second argument it only opens the store and ends in order.
 */
const [path = '', seed] = process.argv.slice(2)
const store = await openSqliteStore({ path })
const encoder = new TextEncoder()

async function write(writer: number): Promise<void> {
  for (let i = 0; ; i += 1) {
    const key = `/k${writer}-${i % 5}`
    if (i % 7 === 6) {
      const { revision } = await store.commit([{ do: 'delete', key }])
      tell(`${revision} ${key}\n`)
    } else {
      // Two keys of one commit: after a crash, both or none.
      const value = `${seed}.${writer}.${i}.${'x'.repeat((i * 997) % 6_000)}`
      const { revision } = await store.commit([
        { do: 'put', key, value: encoder.encode(value) },
        { do: 'put', key: `${key}/twin`, value: encoder.encode(value) },
      ])
      tell(`${revision} ${key} ${value}\n`)
    }
    if (writer === 0 && i % 20 === 19) await store.compact((await store.revision()) - 30)
  }
}

/** The pipe is full while its reader is busy: a busy wait is what keeps this call from returning too early. */
function tell(line: string): void {
  const bytes = Buffer.from(line)
  for (let written = 0; written < bytes.byteLength; ) {
    try {
      written += writeSync(1, bytes, written)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error
    }
  }
}

if (seed === undefined) await store.close()
else await Promise.all(Array.from({ length: 8 }, (_, writer) => write(writer)))
