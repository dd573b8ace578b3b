import { setTimeout as delay } from 'node:timers/promises'
import { Namespace } from '#api/core/v1/namespace.ts'
import { ServiceAccount } from '#api/core/v1/service-account.ts'
import { isError } from '#lib/errors.ts'
import type { Target } from '../load/load.ts'
import { connect } from './server.ts'

/** Makes a namespace and waits until pods may be created in it. */
export async function makeNamespace(target: Target, name: string): Promise<void> {
  const { client, close } = connect(target)
  try {
    await client.create(Namespace, { metadata: { name } })
    for (let left = 1_200; left > 0; left -= 1) {
      try {
        await client.get(ServiceAccount, 'default', name)
        return
      } catch (error) {
        if (!isError(error, 'NotFound')) throw error
      }
      await delay(25)
    }
    throw new Error(`namespace ${name} got no service account within 30 s: the controllers do not run`)
  } finally {
    close()
  }
}
