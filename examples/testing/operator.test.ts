/** An unmodified operator against a whole cluster in this process, over HTTPS: hours pass in seconds, and the operator is never too late. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { KubeConfig } from '@kubernetes/client-node'
import { cluster, Deployment } from 'wherry/testing'
import { runBerthOperator } from './berth-operator.ts'

const definition = `
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: { name: berths.harbour.example }
spec:
  group: harbour.example
  scope: Namespaced
  names: { plural: berths, singular: berth, kind: Berth }
  versions:
    - name: v1
      served: true
      storage: true
      subresources: { status: {} }
      schema:
        openAPIV3Schema:
          type: object
          properties:
            spec: { type: object, required: [lengthM], properties: { lengthM: { type: integer } } }
            status: { type: object, properties: { cranes: { type: integer } } }
---
apiVersion: harbour.example/v1
kind: Berth
metadata: { name: north }
spec: { lengthM: 250 }
`

test('the operator keeps a Deployment for each berth, whatever becomes of it', async () => {
  await using c = await cluster({ nodes: 3 })
  const served = await c.serve()
  const config = new KubeConfig()
  config.loadFromString(served.kubeconfig())
  await c.apply(definition)
  const stop = await runBerthOperator(config)

  const Berth = c.kind('Berth')
  const cranes = async () => ((await c.client.get(Berth, 'north', 'default')) as { status?: { cranes: number } }).status?.cranes
  await c.until(async () => (await cranes()) === 3, '1m', 'three cranes are ready')

  await c.client.delete(Deployment, 'north', { namespace: 'default', propagationPolicy: 'Foreground' })
  await c.until(async () => (await cranes()) === 0, '1m', 'the cranes are gone')
  await c.until(async () => (await cranes()) === 3, '1m', 'and there are three again')

  c.nodes[0]!.lose()
  await c.advance('10m')
  assert.equal(await cranes(), 3)

  await c.client.delete(Berth, 'north', { namespace: 'default' })
  await c.until(async () => (await c.client.list(Deployment, { namespace: 'default' })).items.length === 0, '1m', 'nothing is left')
  await stop()
})
