import facts from '../../package.json' with { type: 'json' }

/** Ours, as package.json has it. */
export const wherryVersion: string = facts.version

/** The API that this one is compatible with: `gitVersion` of `/version`, and the node's kubeletVersion. */
export const kubernetesVersion = 'v1.36.3'
