//! What commands are called in JavaScript.

/// node-redis's names, where words of a name begin in the middle of it; a command has the one that differs from
/// its own name in case only.
const CAMEL_CASE: &str = "
    aclCat aclDelUser aclDryRun aclGenPass aclGetUser aclList aclLoad aclLog aclSave aclSetUser aclUsers aclWhoAmI
    bgRewriteAof bgSave bitCount bitField bitFieldRo bitOp bitPos blMove blmPop blPop brPop brPopLPush bzmPop
    bzPopMax bzPopMin clientGetName clientGetRedir clientId clientInfo clientKill clientList clientNoEvict
    clientNoTouch clientPause clientSetInfo clientSetName clientTracking clientTrackingInfo clientUnblock
    clientUnpause commandCount commandDocs commandGetKeys commandGetKeysAndFlags commandInfo commandList
    configGet configResetStat configRewrite configSet dbSize decrBy delEx evalSha evalShaRo evalRo expireAt
    expireTime fCall fCallRo flushAll flushDb functionDelete functionDump functionFlush functionKill functionList
    functionLoad functionRestore functionStats geoAdd geoDist geoHash geoPos geoRadius geoRadiusByMember
    geoRadiusByMemberRo geoRadiusRo geoSearch geoSearchStore getBit getDel getEx getRange getSet hDel hExists
    hExpire hExpireAt hExpireTime hGet hGetAll hGetDel hGetEx hIncrBy hIncrByFloat hKeys hLen hMGet hMSet hPersist
    hpExpire hpExpireAt hpExpireTime hpTTL hRandField hScan hSet hSetEx hSetNX hStrLen hTTL hVals incrBy
    incrByFloat latencyDoctor latencyGraph latencyHistogram latencyHistory latencyLatest latencyReset lastSave lcs
    lIndex lInsert lLen lMove lmPop lPop lPos lPush lPushX lRange lRem lSet lTrim memoryDoctor memoryMallocStats
    memoryPurge memoryStats memoryUsage mGet mSet mSetEx mSetNX objectEncoding objectFreq objectIdleTime
    objectRefCount pExpire pExpireAt pExpireTime pfAdd pfCount pfMerge pSetEx pTTL pubSubChannels pubSubNumPat
    pubSubNumSub pubSubShardChannels pubSubShardNumSub randomKey readOnly readWrite renameNX replicaOf rPop
    rPopLPush rPush rPushX sAdd sCard scriptDebug scriptExists scriptFlush scriptKill scriptLoad sDiff sDiffStore
    setBit setEx setNX setRange sInter sInterCard sInterStore sIsMember slowLogGet slowLogLen slowLogReset
    sMembers smIsMember sMove sortRo sPop sPublish sRandMember sRem sScan strLen sUnion sUnionStore swapDb xAck
    xAdd xAutoClaim xClaim xDel xGroupCreate xGroupCreateConsumer xGroupDelConsumer xGroupDestroy xGroupSetId
    xInfoConsumers xInfoGroups xInfoStream xLen xPending xRange xRead xReadGroup xRevRange xSetId xTrim zAdd zCard
    zCount zDiff zDiffStore zIncrBy zInter zInterCard zInterStore zLexCount zmPop zmScore zPopMax zPopMin
    zRandMember zRange zRangeByLex zRangeByScore zRangeStore zRank zRem zRemRangeByLex zRemRangeByRank
    zRemRangeByScore zRevRange zRevRangeByLex zRevRangeByScore zRevRank zScan zScore zUnion zUnionStore
";

/// The methods of a command, given by its words in upper case: Redis's name in lower case and, where it differs,
/// node-redis's. A subcommand has only the latter.
pub(super) fn methods(words: &[&str]) -> Vec<String> {
    let flat: String = words.concat().to_lowercase().replace(['-', '_'], "");
    let camel = CAMEL_CASE.split_whitespace().find(|name| name.to_lowercase() == flat);
    match words {
        [word] => {
            let own = word.to_lowercase();
            let alias = camel.filter(|name| *name != own).map(str::to_owned);
            [own].into_iter().chain(alias).collect()
        }
        [container, words @ ..] => {
            let parts = words.iter().flat_map(|word| word.split(['-', '_'])).map(capitalise);
            let own = [container.to_lowercase()].into_iter().chain(parts).collect();
            vec![camel.map_or(own, str::to_owned)]
        }
        [] => Vec::new(),
    }
}

fn capitalise(word: &str) -> String {
    let (first, rest) = word.split_at(1);
    first.to_uppercase() + &rest.to_lowercase()
}

/// The name of a parameter: `min-match-len` is `minMatchLen`.
pub(super) fn parameter(name: &str) -> String {
    let mut words = name.split(['-', '_', ' ']).filter(|word| !word.is_empty());
    let first = words.next().unwrap_or("value").to_lowercase();
    let name = words.fold(first, |name, word| name + &capitalise(word));
    // These are words of the language.
    match name.as_str() {
        "function" | "default" | "delete" | "in" | "new" | "with" => format!("{name}Name"),
        _ => name,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        assert_eq!(methods(&["GET"]), ["get"]);
        assert_eq!(methods(&["HGETALL"]), ["hgetall", "hGetAll"]);
        assert_eq!(methods(&["SORT_RO"]), ["sort_ro", "sortRo"]);
        assert_eq!(methods(&["CLIENT", "GETNAME"]), ["clientGetName"]);
        assert_eq!(methods(&["CLIENT", "NO-EVICT"]), ["clientNoEvict"]);
        assert_eq!(methods(&["OBJECT", "HELP"]), ["objectHelp"]);
        assert_eq!(parameter("min-match-len"), "minMatchLen");
    }
}
