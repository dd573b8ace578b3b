import type { KubeObject } from '#api/kind.ts'

/** The Status of an action that has nothing else to say. */
export const successStatus = (code: number): KubeObject =>
  ({ kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', code }) as unknown as KubeObject
