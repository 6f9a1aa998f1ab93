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
replace = از این پس با این دستگاه
replace-lead = روی دستگاه دیگری وارد شده‌اید. هر بار تنها یک دستگاه می‌تواند از آنِ شما باشد.
replace-warning = دستگاه دیگر خارج می‌شود. پیام‌هایی که تنها آنجا هستند نمی‌آیند.
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
welcome-next = همکاری را در فهرست بیابید و بنویسید. تنها شما دو نفر می‌توانید بخوانید.
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

## Settings

settings = تنظیمات
settings-look = زبان و نما
settings-privacy = قفل
settings-devices = دستگاه‌ها و خروج
settings-diagnostics = عیب‌یابی
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
error-offline = شبکه نیست. وقتی بازگشت دوباره تلاش کنید.
error-wrong-passphrase = این گذرواژه نیست. Caps Lock و زبان صفحه‌کلید را ببینید.
error-recovery-code-malformed = این کد بازیابی کامل نیست. هر بخش را با کاغذ بسنجید.
error-activation-code-malformed = این کد کامل نیست. با نامه بسنجیدش.
error-passphrase-too-short = گذرواژه بیش از اندازه کوتاه است. یکی دو واژه بیفزایید.
error-identity-chain-refused = فهرست دستگاه‌های این شخص در سرور با خودش نمی‌خواند. چیزی فرستاده نشد؛ به پشتیبانی بگویید.
error-group-refused = سرور گفت‌وگویی خلاف قاعده پیش نهاد. پذیرفته نشد؛ به پشتیبانی بگویید.
error-storage-failed = مرورگر نتوانست این را نگه دارد. کمی جا روی دیسک باز کنید و دوباره تلاش کنید.
