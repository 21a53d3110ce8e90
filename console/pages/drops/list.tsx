import type { ComponentChildren } from "preact";
import { addressOf } from "../../api/client";
import { usePages } from "../../api/pages";
import type { Drop } from "../../api/types";
import { href } from "../../app/router";
import { StatePill } from "../../ui/pill";
import { Empty, Seeking, Shown } from "../../ui/states";
import { Time } from "../../ui/time";
import { VirtualRows } from "../../ui/virtual-rows";
import { bytes } from "../../ui/words";
import { DropStory } from "./drop-story";

const COLUMNS = [
  { name: "State", width: "minmax(118px, .8fr)" },
  { name: "Path", width: "minmax(0, 2fr)" },
  { name: "Seen", width: "minmax(92px, .8fr)", wide: true },
  { name: "Size", width: "minmax(60px, .5fr)", wide: true },
  { name: "Why", width: "minmax(60px, 1.6fr)", wide: true },
];

/** What is asked for of a pipeline's drops. */
export interface Asked {
  readonly pipeline: string;
  readonly state: string | undefined;
  readonly runId: string | undefined;
}

function useDrops({ pipeline, ...query }: Asked & { readonly path?: string; readonly contains?: string }) {
  const address = addressOf("listDrops", { path: { pipeline }, query: { ...query, top: 100 } });
  return usePages<Drop>(address, ({ path, etag }) => path + etag);
}

/** Every version of one path, and its story; `otherwise` stands where there is none. */
export function OnePath({
  path,
  asked,
  otherwise,
}: {
  path: string;
  asked: Asked;
  otherwise?: () => ComponentChildren;
}) {
  const { pipeline } = asked;
  const drops = useDrops({ pipeline, state: undefined, runId: undefined, path });
  return (
    <Shown of={drops}>
      {(versions) =>
        versions.length > 0 ? (
          <DropStory path={path} pipeline={pipeline} versions={versions} />
        ) : (
          (otherwise?.() ?? <Nothing>No version of this path was ever seen.</Nothing>)
        )
      }
    </Shown>
  );
}

/** Drops by time seen; with `contains` those whose path has it. */
export function Drops({ asked, contains }: { asked: Asked; contains?: string | undefined }) {
  const drops = useDrops({ ...asked, ...(contains === undefined ? {} : { contains }) });
  return (
    <Shown of={drops}>
      {(items) =>
        items.length > 0 ? (
          <section class="card">
            <VirtualRows
              label="Drops, oldest first"
              columns={COLUMNS}
              items={items}
              keyOf={({ path, etag }) => path + etag}
              cells={(drop) => cells(drop, asked.pipeline)}
              more={drops.more}
            />
          </section>
        ) : drops.more ? (
          <Seeking more={drops.more} />
        ) : (
          <Nothing>
            {contains === undefined
              ? "Nothing is in this state."
              : "No path has this in it. Is the file in the container, and does the pattern of the pipeline take it?"}
          </Nothing>
        )
      }
    </Shown>
  );
}

const Nothing = ({ children }: { children: string }) => (
  <section class="card">
    <Empty title="No such drop">{children}</Empty>
  </section>
);

function cells(drop: Drop, pipeline: string) {
  return [
    <StatePill state={drop.state} />,
    <a class="mono" href={href("drops", { pipeline, path: drop.path })} title={drop.path}>
      {drop.path}
    </a>,
    <span class="small">
      <Time at={drop.seenAt} />
    </span>,
    bytes(drop.size),
    <span class="small soft" title={[drop.reason, drop.remedy].filter(Boolean).join(" ")}>
      {drop.runId ? <a href={href(`runs/${drop.runId}`)}>{drop.reason ?? drop.runId}</a> : drop.reason}
    </span>,
  ];
}
