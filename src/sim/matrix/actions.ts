import type { Action, Propagation, Thing, Wish } from '../steps.ts'

export const thing = (kind: string, name: string, namespace?: string): Thing => ({
  kind,
  name,
  ...(namespace !== undefined && { namespace }),
})

export const make = (of: Thing, body: object): Action => ({ do: 'make', of, body })

/** A merge patch. */
export const change = (of: Thing, body: object, subresource?: string): Action => ({
  do: 'change',
  of,
  how: 'merge',
  body,
  ...(subresource !== undefined && { subresource }),
})

export const remove = (of: Thing, propagation?: Propagation): Action => ({
  do: 'remove',
  of,
  ...(propagation !== undefined && { propagation }),
})

/** Another image for the container of a workload's template. */
export const roll = (of: Thing, image: string): Action => ({
  do: 'change',
  of,
  how: 'strategic',
  body: { spec: { template: { spec: { containers: [{ name: 'main', image }] } } } },
})

export const podTemplate = (app: string, more: object = {}) => ({
  metadata: { labels: { app } },
  spec: { terminationGracePeriodSeconds: 1, containers: [{ name: 'main', image: 'web:1' }], ...more },
})

export const wish: Wish = {
  replicas: 2,
  image: 'web:1',
  strategy: 'RollingUpdate',
  surge: 1,
  unavailable: 0,
  isProbed: false,
  graceSeconds: 1,
  minReadySeconds: 0,
  historyLimit: 2,
}
