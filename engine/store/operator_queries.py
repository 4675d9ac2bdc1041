# SPDX-License-Identifier: Apache-2.0
# ruff: noqa: S608 - only our own names are put into these texts
"""What operators ask, as SQL. Each list walks an index that does not move (0005_operations.sql).

`walk` is what one page looks at, at most so many rows in the order of the list; the page is what of
it fits, and it stops as soon as it is full.
"""

from typing import Final
from uuid import UUID

from engine.store import rows

_FIRST: Final = UUID(int=0)
_LAST: Final = UUID(int=2**128 - 1)

# A flag is asked for whole, or by its kind: both are a range of bytes (see flag_range).
_FLAGGED: Final = 'flag collate "C" >= {low} and flag collate "C" < {high}'

_CASES_WALK: Final = f"""
select id, event, state, version, opened_at, wake_at from engine.cases
where (opened_at, id) < (coalesce($1, timestamptz 'infinity'), coalesce($2, '{_LAST}'::uuid))
  and opened_at < coalesce($3, timestamptz 'infinity')
  and opened_at >= coalesce($4, timestamptz '-infinity')
order by opened_at desc, id desc limit $5
"""
CASES: Final = f"""
with found as (
    select * from ({_CASES_WALK}) walked
    where ($6::text is null or state = $6) and ($7::text is null or event = $7)
      and ($8::text is null or id in (
          select case_id from engine.filings where {_FLAGGED.format(low="$8", high="$9")}
      ))
    order by opened_at desc, id desc limit $10
)
select found.*, counted.*
from found cross join lateral (
    select count(*)::int, (count(*) filter (where not has_ended))::int,
           coalesce(array_agg(distinct flag) filter (where flag is not null), '{{}}')
    from engine.filings where case_id = found.id
) counted
order by opened_at desc, found.id desc
"""
CASES_END: Final = f"select opened_at, id from ({_CASES_WALK}) walked offset $5 - 1"

_URGENCY: Final = "coalesce(due_on, date 'infinity')"
# Where a list of filings begins: at one organisation, at a flag, or with all that is open.
_BEGINNINGS: Final = {
    "organisation": "organisation = $4 and not has_ended",
    "flag": f"flag is not null and {_FLAGGED.format(low='$4', high='$5')}",
    "old": "old_since is not null",
    "all": "not has_ended",
}
_FILINGS_WALK: Final = f"""
select {rows.FILING}, {_URGENCY} as urgency from engine.filings
where {{beginning}}
  and ({_URGENCY}, id) > (coalesce($1, date '-infinity'), coalesce($2, '{_FIRST}'::uuid))
order by {_URGENCY}, id limit $3
"""
_FILINGS: Final = f"""
select {rows.FILING} from ({{walk}}) walked
where (${{n1}}::text is null or organisation = ${{n1}}) and (${{n2}}::text is null or state = ${{n2}})
  and (${{n3}}::text is null or waits_for = ${{n3}}) and (${{n4}}::text is null or slug = ${{n4}})
  and (${{n5}}::timestamptz is null or since < ${{n5}}) and (${{n6}}::date is null or due_on < ${{n6}})
order by urgency, id limit ${{n7}}
"""
_FILINGS_END: Final = "select urgency, id from ({walk}) walked offset $3 - 1"
FILING: Final = f"select {rows.FILING} from engine.filings where id = $1"
BACKLOG: Final = """
select count(*)::int, min(created_at) from (
    select created_at from engine.pull_orders
    where organisation = $1 and acked_at is null order by position limit $2
) waiting
"""
OPEN_FILINGS: Final = f"""
select state, count(*)::int, count(flag)::int, min(since) from (
    select state, flag, since from engine.filings
    where organisation = $1 and not has_ended order by {_URGENCY}, id limit $2
) urgent
group by state order by state
"""
OUTBOX: Final = """
select count(*)::int, min(created_at) from (select created_at from engine.outbox order by id limit $1) oldest
"""
ASIDE: Final = """
select id, where_from, sender, events, reason, attempts, parked_at, resolved_at, resolution
from engine.parked
"""
ASIDE_PAGE: Final = f"""
{ASIDE}
where resolved_at is null
  and (parked_at, id) > (coalesce($1, timestamptz '-infinity'), coalesce($2, '{_FIRST}'::uuid))
order by parked_at, id limit $3
"""
RESOLVE: Final = """
update engine.parked set resolved_at = $2, resolution = $3 where id = $1 and resolved_at is null
"""
HOLDERS: Final = """
select person, granted_by, granted_at from engine.grants
where role = $1 and withdrawn_at is null order by granted_at, person
"""
_ENTRY: Final = """
id, at, operator, act, case_id, filing, organisation, reason, details, request_key, request_hash
"""
RECORDED: Final = f"select {_ENTRY} from engine.audit where operator = $1 and request_key = $2"
RECORD: Final = f"""
insert into engine.audit (seq, {_ENTRY}, hash)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
"""
HEAD: Final = "select seq, hash from engine.audit order by seq desc limit 1"
AUDIT: Final = f"select seq, {_ENTRY}, hash from engine.audit where seq > $1 order by seq limit $2"
LAST_ACT: Final = f"""
select {_ENTRY} from engine.audit
where organisation = $1 and act = any($2::text[]) order by seq desc limit 1
"""
AUDIT_OF_CASE: Final = f"select {_ENTRY} from engine.audit where case_id = $1 order by seq"


def _statement(beginning: str, parameters: int) -> tuple[str, str]:
    walk = _FILINGS_WALK.format(beginning=_BEGINNINGS[beginning])
    numbers = {f"n{number}": parameters + number for number in range(1, 8)}
    return _FILINGS.format(walk=walk, **numbers), _FILINGS_END.format(walk=walk)


FILINGS: Final = {
    "organisation": _statement("organisation", 4),
    "flag": _statement("flag", 5),
    "old": _statement("old", 3),
    "all": _statement("all", 3),
}
