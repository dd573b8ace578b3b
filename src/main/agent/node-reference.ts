import type { KubeObject } from '#api/kind.ts'

/** The node as what its own events are about: they are asked for by this, whichever object of that name there is. */
export const nodeReference = (nodeName: string): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Node',
  metadata: { name: nodeName, uid: nodeName, resourceVersion: '', creationTimestamp: '' },
})
