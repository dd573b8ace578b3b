import { setTimeout as delay } from 'node:timers/promises'
import { Namespace } from '#api/core/v1/namespace.ts'
import { ServiceAccount } from '#api/core/v1/service-account.ts'
import { connectAsAdmin } from '#cli/connect.ts'
import type { Layout } from '#host/layout.ts'
import { isError } from '#lib/errors.ts'

/** Makes a namespace and waits until pods may be created in it. */
export async function makeNamespace(layout: Layout, name: string): Promise<void> {
  const { client, close } = connectAsAdmin(layout)
  try {
    await client.create(Namespace, { metadata: { name } })
    for (let left = 400; left > 0; left -= 1) {
      try {
        await client.get(ServiceAccount, 'default', name)
        return
      } catch (error) {
        if (!isError(error, 'NotFound')) throw error
      }
      await delay(25)
    }
    throw new Error(`namespace ${name} got no service account within 10 s: the controllers do not run`)
  } finally {
    close()
  }
}
