import type { Plugin } from '../plugin.ts'
import { refuseForGood } from '../plugin.ts'

export const nodeName: Plugin = {
  name: 'NodeName',
  filter: ({ pod }, { node }) =>
    pod.spec.nodeName && pod.spec.nodeName !== node.metadata.name
      ? refuseForGood("node(s) didn't match the requested node name")
      : undefined,
  wokenBy: ['node-added'],
}
