import { Event } from '#api/core/v1/event.ts'
import { Service } from '#api/core/v1/service.ts'
import { IPAddress } from '#api/networking/v1/ip-address.ts'
import { prefixOf, registryRoot } from '#apiserver/registry/keys.ts'
import type { Revision } from '#store/store.ts'
import { type Invariant, idOf, type Scene } from './invariant.ts'

const events = prefixOf(Event)
const services = prefixOf(Service)
const ipAddresses = prefixOf(IPAddress)

/** Revisions only grow, nothing goes that nobody deleted, and at rest nothing is left whose owner is gone. */
export function nothingLost({ world }: Scene): Invariant {
  let newest: Revision = 0
  return {
    name: 'nothing lost',
    onCommit(changes, who) {
      const problems: string[] = []
      // The server gives an address back in the commit that removes its service.
      const endsService = changes.some(({ key, after }) => after === undefined && key.startsWith(services))
      for (const { key, revision, before, after } of changes) {
        if (revision < newest) problems.push(`${key} was written at ${revision}, after ${newest}`)
        if (after !== undefined || before === undefined || !key.startsWith(registryRoot) || key.startsWith(events)) continue
        if (endsService && key.startsWith(ipAddresses)) continue
        if (who.verb !== 'DELETE' && before.metadata.deletionTimestamp === undefined) problems.push(`${key} went without being deleted`)
      }
      const { revision } = changes[0]!
      if (revision <= newest) problems.push(`revision ${revision} follows ${newest}`)
      newest = revision
      return problems
    },
    atRest() {
      const uids = new Set<string>()
      const owned = []
      for (const key of world.keys) {
        if (!key.startsWith(registryRoot)) continue
        const object = world.byKey(key)!
        uids.add(object.metadata.uid)
        if (object.metadata.ownerReferences !== undefined) owned.push(object)
      }
      // One that others own as well stays, and ceases to name the owner that is gone.
      return owned.flatMap((object) =>
        object.metadata
          .ownerReferences!.filter(({ uid }) => !uids.has(uid))
          .map(({ kind, name }) => `${object.kind} ${idOf(object)} outlives its owner ${kind} ${name}`),
      )
    },
  }
}
