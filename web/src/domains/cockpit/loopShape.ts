/** How the loop is drawn: where each state stands and which way each step goes, in a field of 1000 by 590. */
export const FIELD = { width: 1000, height: 590 } as const

export interface Stop {
  x: number
  y: number
  /** Beside the way round: drawn smaller. */
  aside?: boolean
}

/** The states of open cases, and `closed` where the way round ends. */
export const STOPS: Readonly<Record<string, Stop>> = {
  reported: { x: 90, y: 120 },
  registered: { x: 346, y: 120 },
  filed: { x: 602, y: 120 },
  dispatched: { x: 858, y: 120 },
  handling: { x: 858, y: 470 },
  handled: { x: 602, y: 470 },
  checked: { x: 346, y: 470 },
  closed: { x: 90, y: 470 },
  verifying: { x: 165, y: 290, aside: true },
  verified: { x: 325, y: 290, aside: true },
  return_requested: { x: 600, y: 290, aside: true },
}
export const RADIUS = { main: 58, aside: 38 } as const

export interface Way {
  path: string
  /** Where its rate is written, and whether with the name of the step. */
  label: readonly [number, number]
  named?: boolean
}

export const WAYS: Readonly<Record<string, Way>> = {
  register: { path: 'M148 120H286', label: [217, 106], named: true },
  file: { path: 'M404 120H542', label: [473, 106], named: true },
  dispatch: { path: 'M660 120H798', label: [729, 106], named: true },
  sign_for: { path: 'M858 178V410', label: [868, 300], named: true },
  handle: { path: 'M800 470H662', label: [731, 498], named: true },
  check: { path: 'M544 470H406', label: [475, 498], named: true },
  close: { path: 'M288 470H150', label: [219, 498], named: true },
  ask_verification: { path: 'M102 177C108 220 118 245 133 267', label: [84, 240] },
  pre_verify: { path: 'M203 290H285', label: [244, 280] },
  request_return: { path: 'M808 440L633 312', label: [700, 390] },
  grant_return: { path: 'M599 252L601 182', label: [570, 222] },
  deny_return: { path: 'M638 292C720 300 790 350 826 416', label: [742, 306] },
  rework: { path: 'M632 420C680 320 720 240 812 158', label: [664, 262] },
}
/** The way from verified to registered and from closed to the next report carry no count of their own. */
export const QUIET = ['M330 252L340 182', 'M90 412V182'] as const
