/** The faults that `wherry simulate` knows, as its help tells of them. `sim/scenario/fault-scenarios.ts` makes them happen; `main` joins the two. */
export const faultTexts = {
  'node-loss': 'the node with the most pods loses power for good',
  'node-reboot': 'the node with the most pods restarts, and is away for a minute',
  'zone-loss': 'all nodes of the zone with the most pods lose power, and get it back (needs --zones)',
  'network-cut': 'the node with the most pods cannot reach the API server for a while; its containers run on',
  'rolling-node-drain': 'one node after another is drained as for an upgrade, restarted, and used again',
  'api-restart': 'API server, controllers and scheduler are killed, and start again ten seconds later',
  'crash-loop': 'in one pod of each workload containers crash ten seconds after each start, for a while',
  'slow-pulls': 'every pull of an image takes 90 seconds, from the beginning to the end',
  'registry-loss': 'no image can be pulled for a while; those that a node has stay there',
} as const satisfies Readonly<Record<string, string>>

export type FaultName = keyof typeof faultTexts

export const faultNames = Object.keys(faultTexts) as readonly FaultName[]
