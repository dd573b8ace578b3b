import { type Plugin, refuseForGood } from '../../framework/plugin.ts'

/** A pod that names its node runs there or nowhere. */
export const nodeName: Plugin = {
  name: 'NodeName',
  restsOn: 'node',
  // Every pod that waits for a scheduler names no node; a filter that never speaks is not asked.
  preFilter: ({ pod }) => ({ state: undefined, skip: !pod.spec.nodeName }),
  filter: ({ pod }, { name }) =>
    !pod.spec.nodeName || pod.spec.nodeName === name ? undefined : refuseForGood("node(s) didn't match the requested node name"),
  wokenBy: [{ resource: 'Node', actions: ['Add'] }],
}
