/** Why this node does not take a pod: they become reason and message of its status. */
export interface Refusal {
  readonly reason: string
  readonly message: string
}
