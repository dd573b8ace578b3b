import assert from 'node:assert/strict'
import { readBody, type Transport } from '#lib/http.ts'
import { compareQuantity } from '#lib/quantity.ts'
import { type StoredObject, withoutKind } from './ledger.ts'
import { countedNamespace, definition, isOurs, namespaces, quotaName, type Subject, subjects } from './subjects.ts'

/** What the server holds, by path and by collection. */
export interface World {
  readonly objects: ReadonlyMap<string, StoredObject>
  of(subject: Subject, namespace: string): readonly StoredObject[]
  /** Addresses and ports are each handed out once; the quota counts no fewer pods than there are. */
  checkClaims(): void
}

/** Makes namespaces, the quota and the custom resource. */
export async function prepare(transport: Transport): Promise<void> {
  for (const name of [...namespaces, countedNamespace]) {
    await must(transport, 'POST', '/api/v1/namespaces', { metadata: { name } })
    await must(transport, 'POST', `/api/v1/namespaces/${name}/serviceaccounts`, { metadata: { name: 'default' } })
  }
  const quota = { metadata: { name: quotaName }, spec: { hard: { pods: '1000000' } } }
  const made = await must(transport, 'POST', `/api/v1/namespaces/${countedNamespace}/resourcequotas`, quota)
  // Counting begins with a status, which a controller would write.
  const counted = { ...made, status: { hard: { pods: '1000000' }, used: { pods: '0' } } }
  await must(transport, 'PUT', `/api/v1/namespaces/${countedNamespace}/resourcequotas/${quotaName}/status`, counted)
  await must(transport, 'POST', '/apis/apiextensions.k8s.io/v1/customresourcedefinitions', definition)
  const boats = subjects.find(({ kind }) => kind.plural === 'boats')!.collection(namespaces[0]!)
  for (let left = 200; left > 0; left -= 1) {
    if ((await exchange(transport, 'GET', boats)).status === 200) return
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  throw new Error('the custom resource was not served within 10 s')
}

/** Lists everything that is written. Throws where a list is refused. */
export async function readWorld(transport: Transport): Promise<World> {
  const objects = new Map<string, StoredObject>()
  const collections = new Map<string, StoredObject[]>()
  for (const subject of subjects) {
    const list = (await must(transport, 'GET', subject.collection())) as { items: readonly StoredObject[] }
    for (const item of list.items.map(withoutKind)) {
      const { namespace, name } = item.metadata
      if (namespace === undefined || !isOurs(namespace)) continue
      const collection = subject.collection(namespace)
      objects.set(`${collection}/${name}`, item)
      const items = collections.get(collection)
      if (items === undefined) collections.set(collection, [item])
      else items.push(item)
    }
  }
  const quota = await must(transport, 'GET', `/api/v1/namespaces/${countedNamespace}/resourcequotas/${quotaName}`)
  const services = (await must(transport, 'GET', '/api/v1/services')) as { items: readonly ServiceLike[] }
  return {
    objects,
    of: (subject, namespace) => collections.get(subject.collection(namespace)) ?? [],
    checkClaims() {
      const addresses = services.items.map(({ spec }) => spec.clusterIP)
      assert.equal(new Set(addresses).size, addresses.length, `a cluster address is held twice: ${addresses.sort().join(' ')}`)
      const ports = services.items.flatMap(({ spec }) => spec.ports.flatMap(({ nodePort }) => nodePort ?? []))
      assert.equal(new Set(ports).size, ports.length, `a node port is held twice: ${ports.sort().join(' ')}`)
      // A quantity: a thousand is `1k`.
      const used = (quota as { status: { used: { pods: string } } }).status.used.pods
      const pods = [...objects.keys()].filter((path) => path.startsWith(`/api/v1/namespaces/${countedNamespace}/pods/`)).length
      // Only a controller, which does not run here, counts deletions.
      assert.ok(compareQuantity(used, `${pods}`) >= 0, `the quota counts ${used} pods, and there are ${pods}`)
    },
  }
}

interface ServiceLike {
  readonly spec: { readonly clusterIP: string; readonly ports: readonly { readonly nodePort?: number }[] }
}

/** Tries again where a server that has only just begun has no answer. */
async function must(transport: Transport, method: string, path: string, body?: object): Promise<Readonly<Record<string, unknown>>> {
  for (let left = 20; ; left -= 1) {
    try {
      const { status, text } = await exchange(transport, method, path, body)
      if (status < 300) return JSON.parse(text)
      if (left === 0 || status < 500) throw new Error(`${method} ${path}: ${status} ${text}`)
    } catch (error) {
      if (left === 0 || method !== 'GET') throw error
    }
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
}

async function exchange(transport: Transport, method: string, path: string, body?: object): Promise<{ status: number; text: string }> {
  const response = await transport({
    method,
    path,
    headers: { accept: 'application/json', ...(body !== undefined && { 'content-type': 'application/json' }) },
    ...(body !== undefined && { body: Buffer.from(JSON.stringify(body)) }),
  })
  return { status: response.status, text: Buffer.from(await readBody(response.body)).toString() }
}
