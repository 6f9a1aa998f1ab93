### Beep in Persian. A native reader reviews these before a release: docs/translation.md.

app-name = Beep
language = زبان
loading = در حال بارگیری
continue = ادامه
back = بازگشت
close = بستن
cancel = انصراف
copy = رونوشت
copied = رونوشت شد
copy-refused = مرورگر اجازهٔ رونوشت نداد. متن را برگزینید و خودتان رونوشت بردارید.
try-again = دوباره تلاش کنید
reload = بارگیری دوباره
refresh = تازه‌سازی
update-ready = نسخهٔ تازهٔ Beep آماده است
update = به‌روزرسانی
chunk-failed = این بخش از Beep بارگیری نشد. شبکه را ببینید و دوباره بارگیری کنید؛ چیزی از دست نرفته است.

## Getting in

activate-code = فعال‌سازی Beep
activate-code-lead = کد نامه را وارد کنید
activate-authenticator = Beep را به برنامهٔ رمزساز بیفزایید
activate-authenticator-lead = این را با برنامهٔ گوشی اسکن کنید. هر ۳۰ ثانیه یک کد شش‌رقمی تازه نشان می‌دهد.
activate-passphrase = یک گذرواژه برگزینید
activate-passphrase-lead = پیام‌های شما را روی این دستگاه باز می‌کند. گردانندگان Beep هرگز آن را نمی‌فهمند.
activate-recovery = کد بازیابی شما
activate-recovery-lead = اگر دستگاه، گذرواژه یا گوشی گم شود، با این کد بازمی‌گردید.
activate-recovery-check = نوشته را بررسی کنید
activate-recovery-check-lead = دو بخش از کد بازیابی را از روی کاغذ وارد کنید.
activate-finish = گام آخر
activate-finish-lead = کدی را که برنامهٔ رمزساز اکنون نشان می‌دهد وارد کنید.
step-of = گام { $step } از { $steps }
activation-code = کد نامه
activation-code-hint = بیست حرف و رقم. بزرگی حروف و خط تیره مهم نیست.
personnel-number = شمارهٔ پرسنلی
personnel-number-hint = همان که در فیش حقوق آمده است
your-login = نام کاربری:
authenticator-qr = کد QR برای برنامهٔ رمزساز
authenticator-by-hand = دوربین ندارید؟ این کلید را در برنامه بنویسید:
authenticator-secret = کلید برنامهٔ رمزساز
authenticator-done = افزودم
passphrase = گذرواژه
passphrase-again = تکرار گذرواژه
passphrase-show = نمایش گذرواژه
passphrase-hide = پنهان کردن گذرواژه
passphrase-advice = چهار واژه یا بیشتر که به هم ربطی ندارند، در یاد می‌مانند و به‌سختی حدس زده می‌شوند.
passphrase-short = دست‌کم { $count } نویسه به کار ببرید.
passphrase-differs = این دو یکسان نیستند. دومی را دوباره بنویسید.
strength-short = { $left } نویسهٔ دیگر
strength-weak = آسان حدس زده می‌شود
strength-fair = متوسط
strength-good = خوب
recovery-code = کد بازیابی
recovery-code-hint = هفت بخش از روی کاغذ. بزرگی حروف و خط تیره مهم نیست.
recovery-keep = این کلید را بنویسید. دوباره صادر نمی‌شود
recovery-print = چاپ
recovery-written = نوشتم
recovery-group = بخش { $place }
recovery-group-wrong = همخوان نیست. دوباره به کاغذ نگاه کنید.
recovery-see-again = نمایش دوبارهٔ کد
totp = کد برنامهٔ رمزساز
field-required = این را پر کنید.
totp-hint = شش رقم
device-name = نام این دستگاه
device-name-hint = در فهرست دستگاه‌هایتان دیده می‌شود. سرور هم آن را می‌بیند.
finish = پایان
making-keys = ساختن کلیدها…
begin-again = از نو آغاز کنید
to-activate = نامه دارم
to-recover = گذرواژه یا گوشی‌ام گم شده
to-sign-in = گذرواژه دارم
sign-in = ورود
sign-in-lead = با نام کاربری، گذرواژه و برنامهٔ رمزساز
login = نام کاربری
signing-in = در حال ورود…
replace = به کار بردن کد بازیابی
replace-lead = این دستگاه را از آنِ شما می‌کند و دیگران را خارج.
replace-warning = دستگاه‌های دیگرتان خارج می‌شوند. پیام‌هایی که تنها آنجا هستند نمی‌آیند.
replace-confirm = استفاده از این دستگاه
recover-code = بازگشت با کد بازیابی
recover-code-lead = روی این دستگاه گذرواژه و رمزساز تازه می‌گذارد.
recover-authenticator = Beep را به برنامهٔ رمزساز بیفزایید
recover-authenticator-lead = ورودی پیشین دیگر کار نمی‌کند. این را اسکن کنید.
recover-passphrase = گذرواژهٔ تازه برگزینید
recover-passphrase-lead = پیام‌های شما را روی این دستگاه باز می‌کند. گردانندگان Beep هرگز آن را نمی‌فهمند.
recover-finish = گام آخر
recover-finish-lead = کدی را که برنامهٔ رمزساز اکنون نشان می‌دهد وارد کنید.
locked = قفل است
locked-lead = گذرواژهٔ شما Beep را باز می‌کند، بی‌شبکه هم.
unlock = باز کردن
unlocking = در حال باز شدن…
not-you = شما نیستید؟
erase-title = نسخهٔ این مرورگر پاک شود؟
erase-confirm = پاک کردن
revoked-replaced = اکنون دستگاه دیگری دارید
revoked-replaced-help = چون جای دیگری وارد شدید این دستگاه خارج شد. اگر شما نبودید، هم‌اکنون با پشتیبانی تماس بگیرید.
revoked-revoked = این دستگاه خارج شد
revoked-revoked-help = از فهرست دستگاه‌های شما برداشته شد. اگر دلیلش را نمی‌دانید، با پشتیبانی تماس بگیرید.
broken-evicted = مرورگر داده‌های Beep را پاک کرده است
broken-evicted-help = وقتی دیسک پر شود یا داده‌های سایت پاک شود چنین می‌شود. با کد بازیابی بازمی‌گردید؛ پیام‌هایی که تنها اینجا بودند رفته‌اند.
broken-rolled-back = این نسخه کهنه‌تر از آن است که باید
broken-rolled-back-help = داده‌های مرورگر از زمانی پیش‌تر بازگردانده شده است. به کار بردنش می‌توانست پیام‌ها را فاش کند، پس Beep ایستاد. با کد بازیابی دوباره وارد شوید.
broken-newer-version = این داده‌ها را Beep تازه‌تری نوشته است
broken-newer-version-help = برای گرفتن نسخهٔ تازه صفحه را دوباره بارگیری کنید. چیزی از دست نرفته است.
broken-storage-failed = مرورگر نمی‌تواند داده‌های Beep را نگه دارد
broken-storage-failed-help = کمی جا روی دیسک باز کنید، از مرور خصوصی بیرون بیایید و دوباره بارگیری کنید.
erase-and-sign-in = پاک کردن و ورود

## Conversations

conversation = گفت‌وگو
conversations = گفت‌وگوها
no-conversations = هنوز گفت‌وگویی نیست
no-conversations-next = برای نوشتن نخستین پیام، همکاری را در بالا جست‌وجو کنید.
new-conversation = گفت‌وگوی تازه
search-label = جست‌وجوی همکاران
search-placeholder = نام، سمت یا وزارت
search-clear = پاک کردن جست‌وجو
search-hint = نام، سمت یا وزارت را با حروف لاتین، اردو یا فارسی بنویسید.
search-found = { $count ->
    [0] کسی پیدا نشد
    [one] { $count } نفر پیدا شد
   *[other] { $count } نفر پیدا شدند
}
search-none = کسی پیدا نشد
search-none-next = بخشی از نام، سمت یا خط دیگر را بیازمایید.
directory = فهرست کارکنان
person-inactive = دیگر در خدمت نیست
person-not-activated = هنوز Beep را فعال نکرده است
connecting = در حال اتصال
welcome = خوش آمدید، { $name }
welcome-next = همکاری را در فهرست بیابید و بنویسید، یا گروهی بسازید. تنها اعضا می‌توانند بخوانند.
choose-conversation = گفت‌وگویی را برگزینید
choose-conversation-next = یا گفت‌وگوی تازه‌ای آغاز کنید.
find-colleague = یافتن همکار
keys-search = برای جست‌وجو
keys-next = برای رفتن میان گفت‌وگوها
draft = پیش‌نویس:
unread = { $count ->
    [one] { $count } پیام نخوانده
   *[other] { $count } پیام نخوانده
}
offline-banner = ذخیره شد. با شبکه فرستاده می‌شود
network = شبکه
online-again = شبکه بازگشت
read-only-banner = سرور بازگردانده شده است. می‌توانید بخوانید؛ آنچه بنویسید نگه داشته و دیرتر فرستاده می‌شود
session-ended = نشست شما پایان یافت. می‌توانید بخوانید؛ برای فرستادن وارد شوید.
sign-in-again = ورود دوباره
sign-in-again-lead = پیش‌نویس‌ها و پیام‌های در انتظار می‌مانند و پس از ورود فرستاده می‌شوند.
who-can-read = فقط این اعضا می‌توانند بخوانند
no-retention = نسخهٔ رسمی نگهداری نمی‌شود
unverified = در فهرست هست؛ شماره‌ها مقایسه نشده
details = جزئیات
back-to-list = بازگشت به گفت‌وگوها
fact-post = سمت
fact-unit = اداره
fact-ministry = وزارت
you = (شما)
messages-with = پیام‌ها با { $name }
you-said = شما:
said = { $name }:
message-arrived = { $name }: { $text }
message = پیام
message-info = آگاهی از پیام
message-more = بیشتر: پیام { $name }، { $time }
message-more-mine = بیشتر: پیام شما، { $time }
message-discarded = پیام دور انداخته شد
info-written = نوشته‌شده: { $date }
info-read = خوانده‌اند
info-delivered = به دستشان رسیده
info-sent = هنوز نرسیده به
info-large = در گروه‌های بیش از پنجاه نفر گفته نمی‌شود که دیگران تا کجا خوانده‌اند.
typing = { $name } می‌نویسد…
typing-short = می‌نویسد…
waiting-message = در انتظار این پیام
newer-version = با نسخهٔ تازه‌تری از Beep نوشته شده. برای خواندن به‌روزرسانی کنید.
first-unread = پیام‌های تازه
latest = رفتن به تازه‌ترین
latest-new = { $count ->
    [one] { $shown } پیام تازه
   *[other] { $shown } پیام تازه
}
state-queued = در انتظار فرستادن
state-sent = فرستاده شد
state-delivered = رسید
state-read = خوانده شد
state-failed = فرستاده نشد
retry = دوباره بفرست
discard = دور بینداز
notice-begun = گفت‌وگو آغاز شد
notice-new-device = کلید { $name } تازه است. تلفنی مطمئن شوید
notice-new-device-mine = دستگاه تازه‌ای دارید. پیام‌های پیشین روی دستگاه قدیمی مانده‌اند
notice-log-mismatch = سوابق سرور با آنچه اعضا دیده‌اند نمی‌خواند. به پشتیبانی بگویید
notice-history-elsewhere = آنچه پیش‌تر بوده در دستگاه دیگرتان است
composer-label = پیام به { $name }
composer-placeholder = پیامی بنویسید
composer-inactive = { $name } دیگر در خدمت نیست. نمی‌توانید به او بنویسید.
composer-not-activated = { $name } هنوز Beep را فعال نکرده است. پس از آن می‌توانید بنویسید.
send = فرستادن
day-today = امروز
date-full = { $weekday } { $date }
date-time = { $date }، ساعت { $time }
day-yesterday = دیروز

## Groups

somebody = یک همکار
names-more = { $names } و { $shown } نفر دیگر
names-you = شما
group-unnamed = گروه بی‌نام
new-direct = پیام به یک نفر
new-group = گروه تازه
new-group-people = برگزینید چه کسانی در آن باشند
new-group-about = نام و تصویر
make-group = ساختن گروه
group-kept = انتخاب شما تا قفل کردن یا بستن Beep می‌ماند
group-discarded = گروه تازه دور انداخته شد
group-name = نام گروه
group-name-hint = اعضا آن را می‌بینند؛ سرور نمی‌بیند.
group-picture = تصویر گروه
group-making = در حال افزودن افراد…
group-making-help = تا وارد شدن همه این صفحه را باز نگه دارید.
group-made = گروه ساخته شد
group-renamed = نام گروه عوض شد
progress-of = { $done } از { $total }
pick-people = راه‌های یافتن افراد
pick-name = با نام
pick-unit = با اداره
pick-paste = از فهرست
people-chosen = { $count ->
    [one] { $shown } نفر برگزیده
   *[other] { $shown } نفر برگزیده
}
people-count = { $count ->
    [one] { $shown } نفر
   *[other] { $shown } نفر
}
chips-more = { $count ->
    [one] و { $shown } نفر دیگر
   *[other] و { $shown } نفر دیگر
}
unchoose = بیرون آوردن { $name }
choose-all = { $count ->
    [one] برگزیدن { $shown } نفر
   *[other] برگزیدن هر { $shown } نفر
}
unchoose-all = بیرون آوردن همه
already-member = هم‌اکنون عضو
person-invited-later = هنوز فعال نکرده: پس از فعال‌سازی وارد می‌شود
search-units = جست‌وجوی اداره‌ها
units-none = اداره‌ای پیدا نشد. بخشی از نام یا نام وزارت را بیازمایید.
unit-empty = کسی در این اداره ثبت نشده است.
back-to-units = بازگشت به اداره‌ها
paste-label = هر سطر یک نفر
paste-hint = نام، نام کاربری یا شمارهٔ پرسنلی، از فهرست یا جدول.
paste-look = { $count ->
    [one] یافتن { $shown } نفر
   *[other] یافتن { $shown } نفر
}
paste-found = { $found } از { $total } پیدا شد
paste-edit = ویرایش فهرست
paste-none = کسی پیدا نشد. املا را ببینید یا با نام بجویید.
paste-several = چند نفر می‌خوانند. کدام‌یک؟
invited-note = { $count ->
    [one] { $shown } نفر هنوز Beep را فعال نکرده است. پس از فعال‌سازی خودبه‌خود وارد می‌شود و از آن پس می‌خواند.
   *[other] { $shown } نفر هنوز Beep را فعال نکرده‌اند. پس از فعال‌سازی خودبه‌خود وارد می‌شوند و از آن پس می‌خوانند.
}
size-may = گروهی با بیش از { $limit } دستگاه بزرگ به شمار می‌آید: آنگاه رمزنگاری کلاسیک است، بی بخشی که در برابر رایانهٔ کوانتومی می‌ایستد.
size-large = گروه بزرگ: رمزنگاری کلاسیک. امروز استوار است، ولی بخش پایدار در برابر رایانهٔ کوانتومی را ندارد.
suite-hybrid = رمزنگاری پایدار در برابر کوانتوم
suite-classical = گروه بزرگ: رمزنگاری کلاسیک
members-count = { $count ->
    [one] { $shown } عضو
   *[other] { $shown } عضو
}
search-members = جست‌وجو در اعضا
role-admin = مدیر
role-invited = دعوت‌شده
member-devices = { $count ->
    [0] اکنون بی‌دستگاه
    [one] یک دستگاه
   *[other] { $shown } دستگاه
}
add-members = افزودن افراد
add-count = { $count ->
    [one] افزودن { $shown } نفر
   *[other] افزودن { $shown } نفر
}
members-adding = در حال افزودن افراد…
members-added = { $count ->
    [one] { $shown } نفر افزوده شد
   *[other] { $shown } نفر افزوده شدند
}
members-added-invited = افزوده: { $added }. دعوت‌شده: { $invited }؛ پس از فعال‌سازی وارد می‌شوند.
make-admin = مدیر کردن
unmake-admin = برداشتن از مدیریت
write-to = نوشتن پیام
remove = حذف
remove-from-group = حذف از گروه
remove-member-title = { $name } حذف شود؟
remove-member-warning = همهٔ دستگاه‌هایش بی‌درنگ از گروه بیرون می‌روند. آنچه خوانده می‌ماند و می‌بیند چه کسی حذفش کرده است.
member-removed = { $name } حذف شد
leave-group = ترک گروه
leave-title = { $name } را ترک می‌کنید؟
leave-warning = آنچه پیش‌تر آمده خواندنی می‌ماند، ولی تازه‌ها نه. تنها مدیر می‌تواند دوباره بیفزایدتان.
leave-last-admin = شما تنها مدیر هستید. اگر اکنون بروید، عضو دیگری ناخواسته مدیر می‌شود. بهتر است نخست کسی را مدیر کنید.
rename = تغییر نام
rename-group = تغییر نام گروه
picture = تصویر
picture-choose = برگزیدن تصویر
picture-other = تصویر دیگر
picture-remove = بی‌تصویر
picture-crop = بخشی از تصویر که دیده می‌شود. با کلیدهای جهت جابه‌جا کنید.
picture-zoom = نزدیک‌تر
picture-move = برای جابه‌جایی تصویر را بکشید.
picture-failed = این پرونده به‌صورت تصویر خوانده نشد. JPEG، PNG یا WebP برگزینید.
picture-saved = تصویر گروه عوض شد
save = ذخیره
undo = برگردان
done = انجام شد
more-about = بیشتر: { $name }
pin = سنجاق در بالا
unpin = برداشتن سنجاق
pinned = سنجاق‌شده
unpinned = سنجاق برداشته شد
mute-1 = بی‌صدا تا ۱ ساعت
mute-8 = بی‌صدا تا ۸ ساعت
mute-always = همیشه بی‌صدا
unmute = صدادار کردن
muted = بی‌صدا
unmuted = دیگر بی‌صدا نیست
typing-several = { $names } می‌نویسند…
copied-message = از دستگاه دیگرتان
composer-label-group = پیام به گروه { $name }
standing-out = دیگر عضو نیستید
standing-out-help = آنچه پیش‌تر آمده اینجا خواندنی می‌ماند. برای بازگشت از مدیر گروه بخواهید.
standing-waiting = در انتظار دستگاه همکار
standing-waiting-help = نخستین عضوی که برخط شود این دستگاه را خودبه‌خود راه می‌دهد. کاری لازم نیست.
standing-stopped = گروه از نو ساخته می‌شود
standing-stopped-help = چیزی در آن نمی‌خواند، پس نوشتن اندکی می‌ماند. پیش‌نویس‌ها محفوظ‌اند.
notice-group-begun = { $by } گروه را ساخت
notice-group-begun-mine = شما گروه را ساختید
notice-added = { $by } { $names } را افزود
notice-added-mine = شما { $names } را افزودید
notice-added-you = { $by } شما را افزود. آنچه از این پس نوشته شود می‌خوانید
notice-invited = { $by } { $names } را دعوت کرد. پس از فعال‌سازی Beep وارد می‌شوند
notice-invited-mine = شما { $names } را دعوت کردید. پس از فعال‌سازی Beep وارد می‌شوند
notice-joined = { $names } با دعوت پیشین آمدند
notice-joined-you = با دعوت پیشین آمده‌اید. آنچه از این پس نوشته شود می‌خوانید
notice-removed = { $by } { $names } را حذف کرد
notice-removed-mine = شما { $names } را حذف کردید
notice-removed-directory = { $names } با حذف از فهرست کارکنان بیرون رفت
notice-you-removed = { $name } شما را حذف کرد
notice-you-removed-directory = شما حذف شدید
notice-you-left = شما گروه را ترک کردید
notice-left = { $name } گروه را ترک کرد
notice-admin = { $by } { $name } را مدیر کرد
notice-admin-mine = شما { $name } را مدیر کردید
notice-admin-directory = با رفتن آخرین مدیر، { $name } مدیر شد
notice-admin-you = اکنون شما مدیر هستید
notice-unadmin = { $by } مدیریت { $name } را پایان داد
notice-unadmin-mine = شما مدیریت { $name } را پایان دادید
notice-unadmin-directory = { $name } دیگر مدیر نیست
notice-unadmin-you = شما دیگر مدیر نیستید
notice-renamed = { $by } نام گروه را { $name } گذاشت
notice-renamed-mine = شما نام گروه را { $name } گذاشتید
notice-picture = { $by } تصویر را عوض کرد
notice-picture-mine = شما تصویر را عوض کردید
notice-device-added = { $name } دستگاه دیگری نیز دارد
notice-device-added-mine = دستگاه تازهٔ شما وارد شد
notice-device-removed = یکی از دستگاه‌های { $name } بیرون رفت
notice-device-removed-mine = یکی از دستگاه‌های شما بیرون رفت
notice-successor-policy = گروه با قاعده‌های تازه ادامه دارد
notice-successor-broken = گروه از نو ساخته شد، چون پیشین نمی‌توانست ادامه یابد
notice-identity-reset = { $name } همه‌چیز را از دست داد و از نو آمد. شماره‌ها را تلفنی بسنجید
notice-identity-reset-verified = { $name } همه‌چیز را از دست داد و از نو آمد. نشان تأیید شما برداشته شد: شماره‌ها را تلفنی بسنجید
notice-identity-reset-mine = شما از نو آغاز کردید. از همکاران خواسته شد شماره‌ها را با شما بسنجند
notice-reset-requested = کسی می‌خواهد به نام { $name } از نو آغاز کند، زودتر از همه { $date }. تلفنی از { $name } بپرسید؛ اگر او نیست به پشتیبانی بگویید
notice-reset-requested-mine = کسی می‌خواهد به نام { $name } از نو آغاز کند، زودتر از همه { $date }. اگر شما نیستید با یکی از دستگاه‌های خود آن را بازدارید و هم‌اکنون با پشتیبانی تماس بگیرید
notice-directory-changed = نام یا سمت { $name } در فهرست کارکنان عوض شد
notice-directory-changed-verified = نام یا سمت { $name } در فهرست کارکنان عوض شد. نشان تأیید شما برداشته شد: شماره‌ها را دوباره بسنجید
notice-gap = پیام‌های { $from } تا { $to } در این دستگاه نیست

## Devices of one's own

new-device = راه دادن این دستگاه
new-device-lead = این مرورگر برای شما تازه است. دستگاه دیگرتان می‌تواند آن را با پیام‌ها راه دهد.
shared-choice = این رایانه مشترک است
shared-computer = رایانهٔ مشترک: بستن همه‌چیز را پاک می‌کند
shared-until = دست بالا تا { $time }.
shared-no-code = کد بازیابی را در رایانهٔ مشترک ننویسید: با دستگاه دیگرتان تأیید کنید.
approve-from-other = تأیید با دستگاه دیگرم
or = یا
use-recovery-code = به کار بردن کد بازیابی
approval = در انتظار دستگاه دیگرتان
approval-lead = این شماره را در دستگاه دیگرتان بنویسید یا کد را با آن اسکن کنید.
approval-digits = شماره برای دستگاه دیگر
approval-no-digits = همین که دستگاه دیگرتان پاسخ دهد شماره‌ای اینجا می‌آید.
approval-qr = کد QR برای دستگاه دیگر
qr-text = کد به صورت متن
approval-1 = Beep را در دستگاه دیگر باز کنید؛ اگر چند تا دارید، در آن که آخرین بار به کار برده‌اید.
approval-2 = در نوار بالا «راه دادن» را برگزینید.
approval-3 = شماره را بنویسید یا کد را اسکن کنید.
approval-waiting = در انتظار…
approval-confirm = آیا دستگاه دیگرتان گفت «تأیید شد»؟
approval-confirm-help = به صفحهٔ دستگاه دیگر نگاه کنید. تنها اگر آنجا نوشته است بله بگویید.
approval-yes = بله، گفت
approval-no = نه
approval-scan = به جای آن کدش را اسکن کنید
approval-finishing = در حال پایان…
approval-refused = راه داده نشد
approval-refused-digits = شماره سه بار نادرست نوشته شد. از نو آغاز کنید؛ شمارهٔ تازه‌ای ساخته می‌شود.
approval-refused-mismatch = دو دستگاه یک چیز را نمی‌بینند. شاید کسی میانشان باشد: با شبکهٔ دیگری بیازمایید و اگر باز رخ داد به پشتیبانی بگویید.
approval-refused-expired = کسی به‌هنگام پاسخ نداد. با دستگاه دیگر در دست از نو آغاز کنید.
approval-refused-cancelled = این کار لغو شد. چیزی تغییر نکرد.
pairing-banner = دستگاه تازه‌ای می‌خواهد وارد شود
pairing-look = راه دادن
pairing-title = دستگاه تازهٔ شما؟
pairing-nameless = دستگاه تازه
pairing-warning = تنها اگر این دستگاه پیش روی شماست ادامه دهید. پشتیبانی هرگز این شماره را نمی‌پرسد.
pairing-digits = شمارهٔ روی دستگاه تازه
pairing-digits-hint = هشت رقم
pairing-history = پیام‌هایم را هم بفرست
pairing-history-hint = رمزشده از این دستگاه به دستگاه تازه.
pairing-approve = تأیید
pairing-by-qr = اسکن کد آن
pairing-by-digits = نوشتن شمارهٔ آن
pairing-not-me = این من نیستم
pairing-refused = دستگاه رد شد
pairing-approved = تأیید شد
pairing-approved-next = اکنون در دستگاه تازه «بله» بگویید یا این کد را با آن اسکن کنید.
pairing-arrived = دستگاه تازهٔ شما وارد شد
pairing-arrived-next = از اکنون می‌تواند بخواند و بنویسد. اینجا کار دیگری نیست.
pairing-arrived-history = پیام‌هایتان در راه‌اند. تا فرستادن همه، Beep را در این دستگاه باز نگه دارید.
pairing-answer-qr = کد QR برای دستگاه تازه
pairing-none = اکنون دستگاهی اینجا در انتظار نیست. اگر دستگاهی منتظر است، شاید از دستگاه دیگر شما پرسیده: برای راه دادن از اینجا کدش را اسکن کنید.
history-title = پیام‌ها میان دستگاه‌هایتان
history-sending = فرستادن پیام‌ها به دستگاه تازه
history-receiving = پیام‌ها از دستگاه دیگرتان می‌رسند
history-waiting-sending = فرستادن با بازگشت شبکه ادامه می‌یابد
history-waiting-receiving = در انتظار باقی از دستگاه دیگرتان
history-done-sending = همهٔ پیام‌ها فرستاده شد
history-done-receiving = همهٔ پیام‌ها رسید
history-failed-sending = برخی پیام‌ها فرستاده نشد. در این دستگاه می‌مانند.
history-failed-receiving = برخی پیام‌ها نرسید. در دستگاه دیگرتان می‌مانند.
history-cancel = بازداشتن رونوشت
history-cancelled = رونوشت بازداشته شد. آنچه رونوشت شده می‌ماند.
device-kind-regular = دستگاه شخصی
device-kind-temporary = رایانهٔ مشترک
device-expires-at = تا { $date } خود را پاک می‌کند
device-rename = تغییر نام { $name }
device-rename-title = تغییر نام دستگاه
device-renamed = نام دستگاه عوض شد
device-add = افزودن دستگاه
device-add-lead = هر دستگاه کلیدهای خود را دارد. این یکی بعدی را راه می‌دهد:
device-add-1 = در دستگاه تازه Beep را باز کنید و وارد شوید.
device-add-2 = آنجا «تأیید با دستگاه دیگرم» را برگزینید.
device-add-3 = اینجا نواری پیدا می‌شود: شماره را بنویسید یا کد را اسکن کنید.
device-add-full = شمار دستگاه‌های شما کامل است. پیش از افزودن دستگاه تازه از یکی خارج شوید.
device-unseen = ۹۰ روز به کار نرفته است: تا دوباره به کار رود بیرون از گفتگوهای شماست. اگر دیگر آن را ندارید از آن خارج شوید.
device-add-limit = { $count ->
    [one] می‌توانید { $shown } دستگاه داشته باشید.
   *[other] جز رایانه‌های مشترک می‌توانید { $shown } دستگاه داشته باشید.
}
scan-camera = به کار بردن دوربین
scan-picture = تصویر دوربین
scan-starting = دوربین آغاز می‌شود. شاید مرورگر نخست بپرسد.
scan-hold = کد را درون چارچوب نگه دارید.
scan-stop = بستن دوربین
scan-denied = دوربین برای این صفحه مجاز نیست؛ می‌توانید در مرورگر اجازه دهید.
scan-missing = دوربینی به کار نیامد.
scan-else-digits = به جای آن شماره‌ای را که دستگاه تازه نشان می‌دهد بنویسید.
scan-else-paste = در دستگاه تازه «کد به صورت متن» را برگزینید و اینجا بچسبانید.
scan-else-answer = به دستگاه دیگر نگاه کنید و اگر «تأیید شد» نوشته، بله بگویید.
scan-else-number = به جای آن شماره را برای هم بخوانید.
scan-other = این گونهٔ دیگری از کد است. کدی را که در صفحهٔ دیگر است بیابید.
scan-paste = دوربین ندارید؟ متن کد را بچسبانید
scan-paste-label = متن کد
scan-paste-use = به کار بردن این متن

## Safety numbers

keys-why = چرا می‌توانم به این فهرست دستگاه‌ها اعتماد کنم؟
keys-about = دستگاه‌های همه در دفتری آشکار ثبت است که گواهان مستقل آن را امضا می‌کنند. سرور نمی‌تواند به شما یک فهرست و به دیگران فهرستی دیگر نشان دهد.
keys-policy-good = گواهان همان‌هایی هستند که این دستگاه از آغاز می‌شناسد.
keys-policy-bad = سرور گواهانی جز پیشین نام می‌برد. به پشتیبانی بگویید.
keys-witnesses-good = { $count } گواه از { $of } دفتر را امضا کرده‌اند.
keys-witnesses-waiting = دفتر هنوز بررسی نشده است.
keys-fresh-good = گواهان در یک ساعت گذشته امضا کرده‌اند.
keys-fresh-waiting = دفتر هنوز بررسی نشده است.
keys-fresh-warning = آخرین امضای گواهان کهنه است. دستگاه‌های تازه باید صبر کنند؛ ساعت این دستگاه را ببینید.
keys-grows-good = از نخستین باری که این دستگاه دفتر را دیده، دفتر تنها بزرگ‌تر شده است ({ $count } ثبت).
keys-grows-waiting = دفتر هنوز بررسی نشده است.
keys-grows-bad = سرور دفتر را تغییر داده است. دیگر چیزی فرستاده نمی‌شود؛ به پشتیبانی بگویید.
keys-listed-good = فهرست دستگاه‌های همهٔ اعضا همان است که به همه نشان داده می‌شود.
keys-listed-waiting = فهرست { $count } عضو از { $of } تأیید شده است؛ بقیه پیش از فرستادن هر چیزی بررسی می‌شوند.
keys-own-good = دستگاه‌های خودتان همان‌هایی هستند که می‌شناسید.
keys-own-waiting = دستگاه‌های خودتان هنوز بررسی نشده‌اند.
keys-own-bad = به دیگران دستگاهی از شما نشان داده می‌شود که نمی‌شناسید. دیگر چیزی فرستاده نمی‌شود؛ به پشتیبانی بگویید.
keys-members-good = به اعضای دیگر همین دفتر نشان داده می‌شود.
keys-members-waiting = هنوز با عضو دیگری مقایسه نشده است.
keys-members-warning = تأیید نشد که به { $name } همین دفتر نشان داده می‌شود. اگر ادامه یافت به پشتیبانی بگویید.
keys-members-bad = به { $name } دفتری جز دفتر شما نشان داده می‌شود. به پشتیبانی بگویید.
safety-number = شمارهٔ ایمنی
safety-number-with = شمارهٔ ایمنی با { $name }
safety-how = به { $name } زنگ بزنید و شماره را برای هم بخوانید، یا دیدار کنید و کد را اسکن کنید. اگر در هر دو سو یکی است، کسی میان شما نیست.
safety-qr = شمارهٔ ایمنی به‌صورت کد QR
safety-scan = اسکن کد او
safety-changed = کلید { $name } تازه است. تلفنی مطمئن شوید
safety-differs = شماره یکی نیست. فعلاً چیز محرمانه‌ای به { $name } ننویسید و به پشتیبانی بگویید.
verified = شماره‌ها مقایسه شده
verified-state = شماره‌ها را با { $name } مقایسه کرده‌اید
verified-mark = یکی هستند
verified-clear = برداشتن نشان
verified-done = { $name } نشان‌دار شد
verified-cleared = نشان { $name } برداشته شد

## Reports

report = گزارش
reports = گزارش‌ها
report-messages = گزارش پیام‌ها
report-message = گزارش به ناظر
report-choose = پیام‌هایی را که گزارش می‌کنید برگزینید
report-chosen = { $count ->
    [one] { $shown } پیام برگزیده
   *[other] { $shown } پیام برگزیده
}
report-too-many = { $count ->
    [one] دست بالا { $shown } پیام
   *[other] دست بالا { $shown } پیام
}
report-next = گزارش…
choose-message = برگزیدن پیام { $name }، { $time }
report-title = { $count ->
    [one] گزارش { $shown } پیام
   *[other] گزارش { $shown } پیام
}
report-what = ناظران این پیام‌ها را با گواه فرستنده دریافت می‌کنند. چیز دیگری از گفت‌وگو فرستاده نمی‌شود و دیگران گزارش را نمی‌بینند.
report-note = چه شد؟
report-to = به چه کسی می‌رسد
report-send = فرستادن گزارش
report-sent = گزارش فرستاده شد
report-sent-line = گزارش به ناظران
report-messages-count = { $count ->
    [one] { $shown } پیام
   *[other] { $shown } پیام
}
reports-none = گزارشی نیست
reports-none-next = آنچه همکاران گزارش کنند اینجا می‌آید.
reports-choose = برای خواندن گزارشی را برگزینید.
report-by = گزارش { $name }
report-reported = پیام‌های گزارش‌شده
report-proof-means = «ثابت شد» یعنی: این پیام در سوابق سرور از دستگاه همین شخص است و متن عوض نشده. دربارهٔ آنچه پیش‌تر رفته چیزی نمی‌گوید.
verdict-proved = ثابت شد: { $name } در { $date } فرستاده است
verdict-not-proved = ثابت نشد: شاید این متن هرگز فرستاده نشده باشد
verdict-checking = در حال سنجش با سوابق سرور…
verdict-offline = هنوز سنجیده نشده: شبکه نیست

## Everything lost

to-reset = همه‌چیز را از دست داده‌ام
reset = آغاز از نو با نامهٔ بازنشانی
reset-lead = برای وقتی که دستگاه، گذرواژه و کد بازیابی همه گم شده‌اند. نامه را پشتیبانی می‌فرستد.
reset-warning = همهٔ دستگاه‌هایتان خارج می‌شوند و پیام‌های پیشین بازنمی‌گردند. همکاران آگاه می‌شوند.
reset-waiting = در انتظار دو افسر
reset-waiting-time = در انتظار گذشتن زمان
reset-ready = اکنون می‌توانید از نو آغاز کنید
reset-waiting-lead = دو افسر هویت شما را می‌سنجند و زمانی باید بگذرد تا کسی دیگر به جای شما نیاید.
reset-officers = افسران موافق: { $done } از { $total }
reset-earliest = زودتر از همه { $date }
reset-leave = می‌توانید این صفحه را ببندید و در همین مرورگر بازگردید. داده‌هایش را پاک نکنید.
reset-look = اکنون ببین
reset-dropped = بازنشانی کنار گذاشته شد
reset-dropped-help = یکی از دستگاه‌های شما، کسی با کد بازیابی شما یا پشتیبانی آن را پایان داد. با پشتیبانی تماس بگیرید؛ با نامهٔ تازه از نو آغاز می‌شود.
reset-banner = کسی می‌خواهد به نام شما از نو آغاز کند.
reset-banner-when = زودتر از { $date } اثر نمی‌کند ({ $left }).
reset-banner-elsewhere = اگر شما نبودید، آن را در یکی از دستگاه‌های خود بازدارید یا با پشتیبانی تماس بگیرید.
reset-left-hours = { $count ->
    [one] { $shown } ساعت مانده
   *[other] { $shown } ساعت مانده
}
reset-left-days = { $count ->
    [one] { $shown } روز مانده
   *[other] { $shown } روز مانده
}
reset-left-none = زمانی نمانده
reset-stop-title = این بازنشانی بازداشته شود؟
reset-stop-text = دستگاه‌ها، پیام‌ها و کد بازیابی شما همان‌گونه می‌مانند. کسی که درخواست کرده نامهٔ تازه‌ای لازم دارد. به پشتیبانی بگویید که شما نبودید.
reset-stop-mine = اگر این دستگاه را گم کرده بودید و خودتان درخواست کرده‌اید، آن را باز ندارید.
reset-stop = بازداشتن بازنشانی
reset-stopped = بازنشانی بازداشته شد

## Diagnostics

diagnostics-groups = گفت‌وگوها
diagnostics-groups-none = در این دستگاه هیچ.
diagnostics-errors = آخرین خطاها
diagnostics-errors-none = هیچ.
diagnostics-saved = پرونده ذخیره شد
diagnostic-session = نشست
diagnostic-time = زمان
diagnostic-connection = اتصال
diagnostic-socket = سوکت
diagnostic-connection-by = راه اتصال
diagnostic-connected-since = متصل از
diagnostic-round-trip = زمان رفت و برگشت
diagnostic-leader = این زبانه پیشرو است
diagnostic-device = دستگاه
diagnostic-conversations = گفت‌وگوها
diagnostic-envelopes-applied = رویدادهای خوانده‌شده
diagnostic-envelopes-behind = رویدادهای نخوانده
diagnostic-waiting-messages = پیام‌های هنوز رمزگشایی‌نشده
diagnostic-blocked-conversations = گفت‌وگوهای بازمانده
diagnostic-outbox = در انتظار فرستادن
diagnostic-welcomes-not-yet-used = دعوت‌های به‌کارنرفته (Welcome)
diagnostic-keypackages-here = کلیدهای ذخیره (KeyPackages)
diagnostic-identity-alarms = هشدارهای هویت
diagnostic-directory-root = مرجع فهرست
diagnostic-values-not-yet-told-to-own-devices = تغییرهای گفته‌نشده به دستگاه‌های دیگر
diagnostic-history-sending = پیام‌ها به دستگاه دیگر
diagnostic-history-receiving = پیام‌ها از دستگاه دیگر
column-id = شناسه
column-kind = گونه
column-epoch = دوره
column-suite = مجموعه
column-devices = دستگاه‌ها
column-read = خوانده
column-waiting = در انتظار
column-standing = وضعیت

## Settings

settings = تنظیمات
settings-look = زبان و نما
settings-privacy = قفل
settings-devices = دستگاه‌ها و خروج
settings-diagnostics = عیب‌یابی
settings-ledger = دفتر من
theme = پوسته
theme-system = مانند سیستم
theme-light = روشن
theme-dark = تیره
calendar = تقویم
calendar-gregorian = میلادی
calendar-persian = هجری خورشیدی
calendar-islamic = هجری قمری
calendar-today = امروز { $date } است
writing = نوشتن
enter-key = کلید Enter
enter-sends = پیام را می‌فرستد
enter-breaks = سطر تازه می‌آغازد
lock-after = قفل شدن پس از
lock-after-hint = بی‌استفاده ماندن. گذرواژه دوباره بازش می‌کند.
lock-now = قفل کردن
lock-now-hint = با قفل کردن همه‌چیز روی این دستگاه می‌ماند و بی‌گذرواژه خوانده نمی‌شود.
minutes = { $count ->
    [one] { $shown } دقیقه
   *[other] { $shown } دقیقه
}
hours = { $count ->
    [one] { $shown } ساعت
   *[other] { $shown } ساعت
}
device-this = این دستگاه
device-added-at = افزوده شده در { $date }
device-seen-at = آخرین بار در { $date }
device-revoked-at = خارج شده در { $date }
device-revoke = خارج کردن
device-revoke-title = { $name } خارج شود؟
device-revoke-warning = بی‌درنگ قطع می‌شود و دیگر چیز تازه‌ای نمی‌خواند.
device-revoked-done = دستگاه خارج شد
sign-out = خروج
sign-out-hint = با نام { $login } وارد شده‌اید.
sign-out-title = خارج شوید و همه پاک شود؟
sign-out-warning = همهٔ پیام‌ها، پیش‌نویس‌ها و کلیدهای این مرورگر پاک می‌شوند. آنچه تنها اینجاست بازنمی‌گردد و برای بازگشت کد بازیابی لازم است.
sign-out-shared = آنچه در این رایانهٔ مشترک است پاک می‌شود و از فهرست دستگاه‌هایتان بیرون می‌رود. دستگاه‌های خودتان همه‌چیز را نگه می‌دارند.
sign-out-or-lock = اگر تنها از پشت میز می‌روید، Beep را قفل کنید.
sign-out-confirm = خروج و پاک کردن
diagnostics-lead = برای پشتیبانی. نه نامی دارد و نه متنی؛ چیزی خودبه‌خود فرستاده نمی‌شود.

## Refusals

error-unknown = کاری پیش نرفت ({ $code }). دوباره تلاش کنید؛ اگر ماند با پشتیبانی تماس بگیرید.
error-bad-request = Beep چیزی فرستاد که سرور نمی‌پذیرد. دوباره بارگیری کنید؛ اگر ماند با پشتیبانی تماس بگیرید.
error-not-signed-in = نشست شما پایان یافته است. دوباره وارد شوید؛ پیش‌نویس‌ها مانده‌اند.
error-forbidden = اینجا اجازهٔ این کار را ندارید. اگر لازم است از پشتیبانی بخواهید.
error-not-found = این چیز نیست، یا برای شما نیست. بازگردید و دوباره برگزینید.
error-method-not-allowed = Beep و سرور با هم نمی‌خوانند. صفحه را دوباره بارگیری کنید.
error-conflict = کسی پیش از شما تغییرش داد. نگاه کنید و اگر لازم بود تکرار کنید.
error-too-large = بیش از اندازه بلند است. در چند بخش بفرستید.
error-rate-limited = تلاش بیش از اندازه. { $seconds } ثانیه صبر کنید و دوباره تلاش کنید.
error-busy = سرور شلوغ است. { $seconds } ثانیهٔ دیگر دوباره تلاش می‌شود.
error-internal = خطایی در Beep رخ داد. چیزی از دست نرفت؛ دوباره تلاش کنید.
error-code-refused = کد و شمارهٔ پرسنلی همخوان نیستند یا مهلت نامه گذشته است. هر دو را ببینید یا از پشتیبانی نامهٔ تازه بخواهید.
error-code-used = نامه استفاده شده. با پشتیبانی تماس بگیرید
error-sign-in-refused = نام کاربری، گذرواژه یا کد همخوان نیست. زبان صفحه‌کلید و ساعت گوشی را ببینید.
error-totp-refused = این کد همخوان نیست یا به کار رفته است. منتظر کد بعدی باشید؛ ساعت گوشی را ببینید.
error-challenge-refused = زمان زیادی گذشت. از نو آغاز کنید.
error-recovery-refused = این کد بازیابی از آنِ این نام کاربری نیست. حروف همانند را روی کاغذ ببینید.
error-ticket-refused = زمان زیادی گذشت. از نو آغاز کنید؛ چیزی تغییر نکرده است.
error-person-inactive = فهرست کارکنان شما را فعال نمی‌داند. با پشتیبانی تماس بگیرید.
error-weak-secret = این گذرواژه به کار نمی‌آید. دیگری برگزینید.
error-statement-malformed = فهرست دستگاه‌هایتان خوانده نشد. دوباره بارگیری کنید؛ اگر ماند با پشتیبانی تماس بگیرید.
error-statement-refused = تغییر دستگاه‌ها پذیرفته نشد. دوباره بارگیری کنید؛ اگر ماند با پشتیبانی تماس بگیرید.
error-statement-stale = دستگاه‌هایتان جای دیگری تغییر کرده است. دوباره تلاش کنید.
error-device-unknown = این دستگاه در فهرست نیست. دوباره به فهرست نگاه کنید.
error-device-revoked = این دستگاه خارج شده است. با کد بازیابی دوباره وارد شوید.
error-key-package-refused = کلیدهای این دستگاه پذیرفته نشد. دوباره بارگیری کنید؛ اگر ماند با پشتیبانی تماس بگیرید.
error-key-package-pool-full = این دستگاه به اندازهٔ کافی کلید دارد. کاری لازم نیست.
error-no-key-package = دستگاه همکارتان باید یک بار برخط شود. بعداً دوباره تلاش کنید.
error-not-a-member = شما عضو این گفت‌وگو نیستید. به فهرست بازگردید.
error-not-readable = این هنگامی نوشته شد که این دستگاه در گفت‌وگو نبود. ادامه دهید؛ باقی اینجاست.
error-no-partner = نمی‌توانید به این شخص بنویسید: رفته است، یا خودتان هستید.
error-policy-refused = گفت‌وگو آغاز نشد. دوباره تلاش کنید؛ اگر ماند با پشتیبانی تماس بگیرید.
error-frame-refused = سرور این پیام را نپذیرفت. دوباره بفرستید یا دور بیندازید.
error-generation-conflict = گفت‌وگو تغییر کرده است. کمی بعد دوباره بفرستید.
error-epoch-conflict = گفت‌وگو تغییر کرده است. کمی بعد دوباره بفرستید.
error-successor-not-allowed = گفت‌وگو اکنون از نو آغاز نمی‌شود. کمی بعد دوباره تلاش کنید.
error-removal-due = نخست باید دستگاهی از این گفت‌وگو برود. کمی بعد دوباره تلاش کنید.
error-counter-old = نسخهٔ این دستگاه عقب مانده است. با کد بازیابی دوباره وارد شوید.
error-counter-gap = پیامی پیش از این هنوز در راه است. کمی بعد دوباره تلاش کنید.
error-slot-old = جای خواندن تازه‌تری دانسته است. کاری لازم نیست.
error-range-refused = این پیام‌ها را نمی‌توان آورد. به تازه‌ترین بروید و به عقب برگردید.
error-protocol-violation = Beep و سرور با هم نمی‌خوانند. صفحه را دوباره بارگیری کنید.
error-hello-first = Beep و سرور با هم نمی‌خوانند. صفحه را دوباره بارگیری کنید.
error-pairing-refused = دستگاه تازه دیگر در انتظار نیست. در آن از نو آغاز کنید.
error-reset-refused = بازنشانی‌ای برای ادامه نیست یا کنار گذاشته شده. با نامه آغاز کنید یا با پشتیبانی تماس بگیرید.
error-history-full = پیام‌های کهنه‌تر دیگر جا نمی‌شوند. در دستگاه دیگرتان می‌مانند.
error-order-due = نخست کار دیگری باید در این گروه انجام شود. کمی بعد دوباره تلاش کنید.
error-rejoin-refused = این دستگاه نمی‌تواند خودبه‌خود به گفت‌وگو بازگردد. از مدیر گروه بخواهید.
error-read-only = سرور بازگردانده شده و فعلاً چیز تازه‌ای نمی‌پذیرد. پیش‌نویس‌ها محفوظ‌اند؛ بعداً تلاش کنید.
error-offline = شبکه نیست. وقتی بازگشت دوباره تلاش کنید.
error-wrong-passphrase = این گذرواژه نیست. Caps Lock و زبان صفحه‌کلید را ببینید.
error-recovery-code-malformed = این کد بازیابی کامل نیست. هر بخش را با کاغذ بسنجید.
error-activation-code-malformed = این کد کامل نیست. با نامه بسنجیدش.
error-passphrase-too-short = گذرواژه بیش از اندازه کوتاه است. یکی دو واژه بیفزایید.
error-identity-chain-refused = فهرست دستگاه‌های این شخص در سرور با خودش نمی‌خواند. چیزی فرستاده نشد؛ به پشتیبانی بگویید.
error-group-refused = سرور گفت‌وگویی خلاف قاعده پیش نهاد. پذیرفته نشد؛ به پشتیبانی بگویید.
error-storage-failed = مرورگر نتوانست این را نگه دارد. کمی جا روی دیسک باز کنید و دوباره تلاش کنید.
error-approval-digits = این شماره نیست. به دستگاه تازه نگاه کنید و دوباره بنویسید.
error-approval-digits-last = این شماره نیست. یک بار دیگر می‌توانید: به دستگاه تازه نگاه کنید و دوباره بنویسید.
error-approval-mismatch = این کد از آنِ دستگاه درخواست‌کننده نیست. در دستگاه تازه از نو آغاز کنید.
error-approval-ended = پایان یافت: شماره‌های نادرست بسیار یا زمان بسیار. در دستگاه تازه از نو آغاز کنید.
error-devices-full = به همان شماری که مجازید دستگاه دارید. نخست در تنظیمات از یکی از آن‌ها خارج شوید.
error-not-admin = تنها مدیر گروه می‌تواند. از یکی از آنان بخواهید.
error-last-admin = گروه به مدیر نیاز دارد. نخست کس دیگری را مدیر کنید.
error-group-too-large = این همه دستگاه در یک گروه جا نمی‌شود. دو گروه بسازید.
error-nobody-added = هیچ‌یک افزوده نشدند. دستگاه‌هایشان باید یک بار برخط شود؛ بعداً تلاش کنید.
error-trust-root-changed = سرور مرجعی جز پیشین نشان می‌دهد. سخنش باور نمی‌شود؛ به پشتیبانی بگویید.
error-keys-refused = سرور خلاف آنچه پیش‌تر نشان داده بود می‌گوید. دیگر چیزی فرستاده نمی‌شود؛ به پشتیبانی بگویید.
error-keys-stale = یک روز است که فهرست دستگاه‌ها بررسی نشده است. اتصال و ساعت این دستگاه را ببینید.
error-nothing-to-report = هیچ‌یک از این پیام‌ها گزارش‌شدنی نیست. پیام‌های متنی رسیده را برگزینید.
error-no-moderator = وزارت شما در Beep ناظری ندارد. به پشتیبانی رجوع کنید.
error-safety-malformed = این همهٔ کد نیست. همه‌اش را رونوشت کنید یا دوباره اسکن کنید.

## My ledger

ledger-lead = آنچه گزارش حسابرسی دربارهٔ شما می‌گوید: با حساب شما چه شده و چه کسی نگاه کرده است. با «راستی‌آزمایی» دستگاه شما خود می‌سنجد که سطر همان‌گونه که نشان داده شده در گزارش آمده است. اینکه سطری اینجا جا افتاده باشد، تنها حسابرسان می‌دانند که همهٔ گزارش را دارند.
ledger-empty = هنوز چیزی دربارهٔ شما ثبت نشده است. همین نگاه، نخستین سطر خواهد بود.
ledger-more = نمایش سطرهای قدیمی‌تر
ledger-verify = راستی‌آزمایی
ledger-verify-row = راستی‌آزمایی: { $what }
ledger-by = توسط { $name }
ledger-by-you = توسط خودتان
ledger-by-system = با فرمان { $name }
ledger-by-nobody = توسط کسی که وارد نشده بود
ledger-refused = رد شد
ledger-good = روی این دستگاه تأیید شد
ledger-bad = این سطر تأیید نشد. به حسابرس خود بگویید و این دستگاه را دست‌نخورده نگه دارید.
ledger-soon = گواهان هنوز این سطر را ندیده‌اند. چند ثانیهٔ دیگر دوباره امتحان کنید.
ledger-step-bytes = مدخل گزارش همان را می‌گوید که این سطر می‌گوید
ledger-step-policy = دستگاه شما گواهان را می‌شناسد
ledger-step-checkpoint = گواهان وضعیت گزارش را امضا کرده‌اند
ledger-step-inclusion = مدخل در همان وضعیت هست
ledger-step-age = امضاها تازه‌اند
ledger-other = ثبت شد: { $action }
ledger-event-activation-issued = نامهٔ فعال‌سازی برای شما ساخته شد
ledger-event-activation-begun = فعال‌سازی شما آغاز شد
ledger-event-activation-finished = حساب شما فعال شد
ledger-event-sign_in = ورود به حساب شما
ledger-event-session-begun = نشستی باز شد
ledger-event-session-ended = نشستی پایان یافت
ledger-event-recovery-verified = کد بازیابی شما به کار رفت
ledger-event-credentials-replaced = گذرعبارت و احرازگر شما عوض شد
ledger-event-identity-appended = فهرست دستگاه‌های شما دوباره امضا شد
ledger-event-device-added = دستگاهی برای شما افزوده شد
ledger-event-device-revoked = دستگاهی از شما باطل شد
ledger-event-pairing-begun = دستگاه تازه‌ای تأیید خواست
ledger-event-pairing-approved = دستگاه تازه‌ای تأیید شد
ledger-event-pairing-failed = دستگاه تازه‌ای تأیید نشد
ledger-event-reset-letter_issued = نامهٔ بازنشانی برای شما ساخته شد
ledger-event-reset-begun = بازنشانی هویت شما آغاز شد
ledger-event-reset-requested = بازنشانی هویت شما درخواست شد
ledger-event-reset-signed = مأموری بازنشانی هویت شما را امضا کرد
ledger-event-reset-dropped = بازنشانی هویت شما کنار گذاشته شد
ledger-event-reset-finished = هویت شما بازنشانی شد
ledger-event-person-created = شما به فهرست کارکنان افزوده شدید
ledger-event-person-changed = مدخل شما در فهرست کارکنان تغییر کرد
ledger-event-person-state_changed = وضعیت شما در فهرست کارکنان تغییر کرد
ledger-event-role-granted = وظیفه‌ای به شما داده شد
ledger-event-role-ended = وظیفه‌ای از شما پایان یافت
ledger-event-audit-searched = حسابرسی شما را در گزارش جست
ledger-event-audit-viewed = حسابرسی مدخلی دربارهٔ شما را باز کرد
ledger-event-audit-exported = حسابرسی مدخل‌هایی دربارهٔ شما را برون‌برد
ledger-event-ledger-read = این دفتر را خواندید
ledger-event-console-sign_in = ورود به کنسول حسابرسان به نام شما
ledger-event-opening-erased = متنی آشکار دربارهٔ شما از گزارش پاک شد
ledger-event-conversation-opened = گفتگویی را آغاز کردید
ledger-event-conversation-generation_begun = گروهی در گفتگویی آغاز شد
ledger-event-conversation-commit_accepted = اعضا یا کلیدهای گروهی را تغییر دادید
ledger-event-moderation-envelope_looked_up = پیام گزارش‌شده‌ای را نگاه کردید
